/** By the code of a refusal: what to type next. The answer's own remedy is said beside. */
const hints: Readonly<Record<string, string>> = {
  UNAUTHORIZED:
    'export PRORATA_TOKEN_FILE=<a file with a fresh token>; ./prorata token makes one for the local stack.',
  FORBIDDEN: 'the same as somebody who may: export PRORATA_TOKEN_FILE=<a file with their token>.',
  QUOTA_UNKNOWN: './prorata tree <application> shows which quotas there are.',
  QUOTA_UNKNOWN_THEN: './prorata history <quota> shows when it was there.',
  APPLICATION_UNKNOWN:
    './prorata get applications shows which there are; apply -f <file> with a `registration` registers one.',
  ORGANIZATION_UNKNOWN:
    './prorata get organizations shows which there are; apply -f <file> with a `displayName` registers one.',
  BUDGET_UNKNOWN: './prorata budget shows which there are.',
  PRICE_BOOK_UNKNOWN: './prorata get price-books shows which there are.',
  TIER_POLICY_UNKNOWN: './prorata get tier-policies shows which there are.',
  PROPOSAL_UNKNOWN: './prorata get proposals shows which are open.',
  ROLLOUT_UNKNOWN: './prorata rollout list shows all, also those that are over.',
  ROLLOUT_STAGE: './prorata rollout show <rollout> shows at which stage it is.',
  QUOTA_IN_ROLLOUT: './prorata rollout show <rollout>, then rollout promote or rollout rollback.',
  VERSION_MISMATCH: './prorata plan -f <file> shows what differs now.',
  PARENT_LIMIT_EXCEEDED: './prorata explain <the quota above> shows its limit and who set it.',
  ENTITLEMENT_EXCEEDED: './prorata get entitlements <application> shows what projects may hold.',
  BUDGET_SUM_EXCEEDED: './prorata budget <organization> shows what each has handed out.',
  APPROVAL_NEEDED: './prorata apply proposes what needs a second person: declare it in a file.',
  SELF_APPROVAL: 'Somebody else must approve: ./prorata approve <proposal>, with their own token.',
  DECREASE_TOO_STEEP: '--waive DECREASE_TOO_STEEP:why, where you may.',
  BELOW_USAGE: '--waive BELOW_USAGE:why, where you may.',
  BELOW_CHILDREN_SUM: '--waive BELOW_CHILDREN_SUM:why, where you may.',
  STALE_USAGE: '--waive STALE_USAGE:why, where you may.',
  UPSTREAM_UNREACHABLE: './prorata status shows which part of the local stack is down.',
  ALL_ZERO: './prorata override <quota> --block suspends it.',
};

/** null: the answer's own remedy says it. */
export function hintFor(code: string): string | null {
  return hints[code] ?? null;
}

/** Codes that have a hint, for the test that each is one of the tables'. */
export const hintedCodes: readonly string[] = Object.keys(hints);
