/** What a provider knows of a series before it begins. */
export interface SeriesFacts {
  readonly name: string;
  /** Where the first window begins, microseconds. */
  readonly from: bigint;
  /** The length of a window, microseconds. */
  readonly stepMicros: bigint;
  /** Windows before the first that is judged. */
  readonly warmUp: number;
  /** Windows by which what is known lies behind. */
  readonly lag: number;
}

/**
 * What had been seen when a limit was chosen. `values` is a buffer of its own, into which windows are copied as
 * they become known: the future is not in it, whatever a provider does.
 */
export interface Past {
  /** The demand of each window; those from `known` on are NaN, as is a window without a report. */
  readonly values: Float64Array;
  /** How many windows have been told. */
  readonly known: number;
  /** The limits that were in force, from the warm-up's end up to the window before this one. */
  readonly limits: Float64Array;
}

/** Chooses the limits of one series, window after window. */
export interface LimitRule {
  /** @param at the window that the limit will hold in; above 0, finite, or 0 */
  limitAt(past: Past, at: number): number;
}

/** A policy that knows the past alone. */
export interface CausalProvider {
  readonly kind: 'ours' | 'baseline';
  readonly name: string;
  begin(facts: SeriesFacts): LimitRule;
}

/** A bound that nobody can reach: it is told everything beforehand. */
export interface OracleProvider {
  readonly kind: 'oracle';
  readonly name: string;
  begin(facts: SeriesFacts, future: Float64Array): LimitRule;
}

export type LimitProvider = CausalProvider | OracleProvider;

const HOUR_MICROS = 3_600_000_000n;

/** @param hours may be a fraction; at least one window */
export function windowsIn(hours: number, stepMicros: bigint): number {
  const micros = hours * Number(HOUR_MICROS);
  return Math.max(1, Math.round(micros / Number(stepMicros)));
}

/** Asks for a limit at the warm-up's end and every so many windows after it; between, the last one holds. */
export function decidingEvery(
  windows: number,
  facts: SeriesFacts,
  decide: (past: Past, at: number) => number,
): LimitRule {
  let limit = 0;
  return {
    limitAt(past, at) {
      if ((at - facts.warmUp) % windows === 0) limit = decide(past, at);
      return limit;
    },
  };
}
