import type { Reason } from '../decision/verdict.ts';

/** What an answer over HTTP makes of a reason. */
export interface RefusalKind {
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  readonly title: string;
  /** The type of the problem: where the RateLimit draft names one, that, or else the project's own. */
  readonly type: string;
}

const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded';
const REDUCED_CAPACITY =
  'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity';

const kind = (status: number, code: string, title: string, type?: string): RefusalKind => ({
  status,
  code,
  title,
  type: type ?? `urn:prorata:problem:${code}`,
});

const overLimit = kind(429, 'QUOTA_EXCEEDED', 'The quota has no room for now', QUOTA_EXCEEDED);

/**
 * Only a limit is a caller's own doing (429). That rules are missing or too old, or that the host has
 * too much to do, is not (503): whoever sees 429 there would look for the fault on their own side.
 */
export const refusalKinds: Readonly<Record<Reason, RefusalKind>> = {
  within: overLimit,
  no_rule: overLimit,
  over_limit: overLimit,
  above_limit: kind(
    429,
    'QUOTA_TOO_SMALL',
    'The request costs more than the quota ever has room for',
  ),
  blocked: kind(403, 'QUOTA_BLOCKED', 'The quota is blocked'),
  stale_closed: kind(503, 'RULES_STALE', 'The rules have not been confirmed for too long'),
  no_rules: kind(503, 'RULES_MISSING', 'There are no rules to decide by yet'),
  overloaded: kind(503, 'OVERLOADED', 'The service has too much to do', REDUCED_CAPACITY),
};
