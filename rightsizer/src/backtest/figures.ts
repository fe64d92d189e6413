import type { SeriesTally } from './seriesTally.ts';

/** The costs of a shortage that J is told for: batch, serving, guaranteed. */
export const SHORTAGE_COSTS = [5, 20, 100] as const;
export type ShortageCost = (typeof SHORTAGE_COSTS)[number];
/** What a change a day costs in J beside a percent of slack, unless said otherwise. */
export const CHANGE_COST = 0.1;

const DAY_MICROS = 86_400_000_000;
const MINUTE_MICROS = 60_000_000;

/** Shares in percent. */
export interface Figures {
  /** What was allowed and not wanted, of what was allowed. */
  readonly slack: number;
  /** Windows with more wanted than allowed, of all with a report. */
  readonly violations: number;
  /** What was wanted and not allowed, of what was wanted. */
  readonly unserved: number;
  /** Limits that differ from the one before, per series and day. */
  readonly changesPerSeriesDay: number;
  /** Runs of short windows, per series and day. */
  readonly episodesPerSeriesDay: number;
  /** The sum of |log(limit / limit before)|, per series and day: how far limits move, where changes say how often. */
  readonly movementPerSeriesDay: number;
  /** How long the limit stayed below what was wanted once it was; 0: it never was. */
  readonly recoveryMinutes: { readonly median: number; readonly p90: number };
  /** slack + k · unserved + c · changes, by k. */
  readonly J: Readonly<Record<ShortageCost, number>>;
}

/** Of one series' sums, or of pooled ones. */
export function figuresOf(tally: SeriesTally, changeCost: number): Figures {
  const reported = tally.windows - tally.missing;
  const days = (tally.windows * tally.stepMicros) / DAY_MICROS;
  const slack = percent(tally.slack, tally.allowed);
  const unserved = percent(tally.unserved, tally.wanted);
  const changes = days === 0 ? 0 : tally.changes / days;
  const minutes = tally.episodes.map((length) => (length * tally.stepMicros) / MINUTE_MICROS);
  const cost = (k: ShortageCost): number => slack + k * unserved + changeCost * changes;
  return {
    slack,
    violations: percent(tally.short, reported),
    unserved,
    changesPerSeriesDay: changes,
    episodesPerSeriesDay: days === 0 ? 0 : tally.episodes.length / days,
    movementPerSeriesDay: days === 0 ? 0 : tally.moved / days,
    recoveryMinutes: { median: quantile(minutes, 0.5), p90: quantile(minutes, 0.9) },
    J: { 5: cost(5), 20: cost(20), 100: cost(100) },
  };
}

/** The least of the values that a share `q` of them does not exceed; 0 of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
