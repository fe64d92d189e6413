import type { LimitKind } from '@prorata/schemas';

/** What one host said of one fleet-wide limit. Amounts are in base units. */
export interface HeardDemand {
  /** The start of a host that holds or wants a share. */
  readonly holder: string;
  readonly hostId: string;
  /** At least 1: by how much more than another host it counts where all want more than there is. */
  readonly weight: number;
  /** By the host's clock, microseconds: what was said before is not heard after. */
  readonly reportedAt: bigint;
  /** Let through since the last report; of permits the most at once. */
  readonly used: bigint;
  readonly refused: bigint;
  /** The time since that report. */
  readonly intervalMicros: bigint;
  /** Permits out now; of a consumable what was used in the window. */
  readonly held: bigint;
  /** consumable: the end of the window that `held` is of; null: of none. */
  readonly windowEnd: bigint | null;
  /** The lease that it acts on; null: none. */
  readonly lease: {
    readonly sequence: bigint;
    readonly share: bigint;
    readonly until: bigint;
  } | null;
}

/** A rate in whole micro-units a second: what is less than a unit a second has its share, too. */
export const MICRO_UNITS = 1_000_000n;
const SECOND_MICROS = 1_000_000n;

/** A host that refuses asks for so much more than it has at least, as callers that are refused hold back: 1/16. */
const GROWTH_PART = 16n;

/**
 * What a host wants of a limit, in the unit of shares: micro-units a second, permits, or units of the window
 * on top of those used. What falls by less than chance explains, which takes a few requests a second for
 * evenly spread, does so over `refreshMicros`.
 *
 * @param before what it wanted, by its last report
 * @param share what it holds
 */
export function wantedBy(
  demand: HeardDemand,
  kind: LimitKind,
  { before, share, refreshMicros, lifeMicros }: WantedTerms,
): bigint {
  const interval = demand.intervalMicros > 0n ? demand.intervalMicros : 1n;
  const asked = demand.used + demand.refused;
  const isRefusing = demand.refused > 0n;
  if (kind === 'concurrency') {
    const more = demand.refused < demand.used ? demand.refused : demand.used + 1n;
    return max(demand.held, demand.used) + (isRefusing ? max(more, 1n) : 0n);
  }
  if (kind === 'consumable') return (asked * lifeMicros) / interval;
  const seen = (asked * MICRO_UNITS * SECOND_MICROS) / interval;
  const now = isRefusing ? max(seen, share + share / GROWTH_PART) : seen;
  const expected = (before * interval) / (MICRO_UNITS * SECOND_MICROS);
  if (now >= before || interval >= refreshMicros || isFewer(asked, expected)) return now;
  return before - ((before - now) * interval) / refreshMicros;
}

/** By three standard deviations of independent requests, of which there are as many as expected on average. */
function isFewer(asked: bigint, expected: bigint): boolean {
  const less = expected - asked;
  return less > 0n && less * less >= 9n * expected;
}

export interface WantedTerms {
  readonly before: bigint;
  readonly share: bigint;
  readonly refreshMicros: bigint;
  readonly lifeMicros: bigint;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
