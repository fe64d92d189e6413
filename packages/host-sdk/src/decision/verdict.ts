/**
 * What a host does with a request, as small integers: a decision makes no object and does not throw.
 * Among several limits the smallest code that is not ALLOW wins.
 */
export const ALLOW = 0;
/** Do not let it through. */
export const REFUSE = 1;
/** Not now: ask again after `retryAfterMicros`. */
export const DELAY = 2;
/** Over the limit; let it through in the degraded form that `tag` names. */
export const DEGRADE = 3;
/** Over the limit; let it through and mark it. */
export const MARK = 4;
/** Let it through; a rule in shadow mode would have refused it. */
export const SHADOW_REFUSE = 5;

export type Verdict =
  typeof ALLOW | typeof REFUSE | typeof DELAY | typeof DEGRADE | typeof MARK | typeof SHADOW_REFUSE;

export const verdictNames = [
  'allow',
  'refuse',
  'delay',
  'degrade',
  'mark',
  'shadow_refuse',
] as const;

/**
 * The verdict in a stable word, for logs and metrics, that tells an answer of the rules from one for want of them:
 * a refusal in an outage is not a quota's, and what an outage lets through is not what a quota allows.
 */
export type Outcome = (typeof verdictNames)[number] | 'degraded_allow' | 'degraded_refuse';

/** Whether the request goes on now, in whatever form. */
export const isAdmitted = (verdict: Verdict): boolean => verdict !== REFUSE && verdict !== DELAY;

/** Why the verdict is what it is; stable words for logs and metrics. */
export type Reason =
  /** All limits had room, or none is decided per request. */
  | 'within'
  /** A limit had no room now. */
  | 'over_limit'
  /** The cost is more than the limit will ever have room for: waiting does not help. */
  | 'above_limit'
  | 'blocked'
  /** The rules have not been confirmed for too long, and the rule says closed. */
  | 'stale_closed'
  /** There are rules, and none limits this resource here. */
  | 'no_rule'
  /** The host never had a whole set of rules, and none it has speaks of this; `whenNoRules` decided. */
  | 'no_rules'
  /** The host itself has too much to do: no quota was asked. */
  | 'overloaded';

/** `retryAfterMicros` when waiting does not help. */
export const NEVER = -1;

/** What the last decision of this host was about. One object, overwritten by every decision. */
export interface LastDecision {
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** The quota whose limit decided; the bound quota when all had room; null when there is none. */
  readonly quotaId: string | null;
  readonly resource: string;
  /**
   * The version of that quota, and the offset of the event that led to its rule; when all had room,
   * those of the nearest limit asked.
   */
  readonly ruleVersion: bigint | null;
  readonly eventOffset: bigint | null;
  /** The rollout whose candidate was asked; null: the rule as all hosts without the rollout have it. */
  readonly candidateOf: string | null;
  /**
   * The quota whose limit on trial would have refused, whatever the limits in force said; null: none, or the
   * request was delayed or only peeked for, of which nothing is tried.
   */
  readonly trialRefusedBy: string | null;
  /** REFUSE and DELAY: microseconds until there may be room, or NEVER. */
  readonly retryAfterMicros: number;
  /** Whether the rules were unconfirmed for longer than `staleAfterMs`. */
  readonly stale: boolean;
  /** How long ago the rules were last confirmed, microseconds; Infinity: never. */
  readonly unconfirmedMicros: number;
  /**
   * Whether another word than a confirmed rule's decided: `onStale` of a rule that is open or closed
   * while stale, `whenNoRules`, the limit that keys share for which there was no room, or the host's safe share
   * of a limit, for want of a lease.
   */
  readonly degraded: boolean;
  /** Whether the key shared the limit of those that there was no room for. */
  readonly overflow: boolean;
  /** DEGRADE: the tag of the quota that decided. */
  readonly tag: string | null;
  /** When, on the host's own clock (`HostClock.monotonicMicros`). */
  readonly atMicros: number;
}
