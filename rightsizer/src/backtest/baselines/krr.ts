import { decidingEvery, windowsIn } from '../limitProvider.ts';
import type { CausalProvider, SeriesFacts } from '../limitProvider.ts';
import { highestOf } from './highestOf.ts';
import { percentileBetween, sortedKnown } from './percentile.ts';

/** Robusta KRR, strategies `simple` and `simple_limit`: what it looks back over, hours. */
const HISTORY_HOURS = 336;
/** It runs as a report; once a day is how often it is taken to be applied. */
const DECIDE_HOURS = 24;
/** Fewer points, or a shorter time, give no recommendation ("?"): what is in force stays. */
export const POINTS_MIN = 100;
export const HOURS_MIN = 3;
const CPU_PERCENTILE = 0.95;
const MEMORY_MARGIN = 1.15;
/** `simple_limit`: the limit, where the request is p66. */
const LIMIT_PERCENTILE = 0.96;

/** Whether KRR would say anything. @param points known values in its history */
export function hasEnoughHistory(points: number, stepMicros: bigint): boolean {
  return points >= POINTS_MIN && points * Number(stepMicros) >= HOURS_MIN * 3_600_000_000;
}

/** CPU's request, held as a limit: p95 of 14 days. */
export const krrCpu = krr('krr-cpu', percentileRule(CPU_PERCENTILE));
/** CPU's limit by `simple_limit`: p96. */
export const krrLimit = krr('krr-limit', percentileRule(LIMIT_PERCENTILE));
/** Memory: the highest of 14 days and 15 %. */
export const krrMemory = krr(
  'krr-memory',
  (values, from, to) => highestOf(values, from, to) * MEMORY_MARGIN,
);

type Size = (values: Float64Array, from: number, to: number) => number;

function percentileRule(q: number): Size {
  return (values, from, to) => percentileBetween(sortedKnown(values, from, to), q);
}

function krr(name: string, size: Size): CausalProvider {
  return { kind: 'baseline', name, begin: (facts) => ruleOf(facts, size) };
}

function ruleOf(facts: SeriesFacts, size: Size): ReturnType<CausalProvider['begin']> {
  const history = windowsIn(HISTORY_HOURS, facts.stepMicros);
  let limit: number | null = null;
  return decidingEvery(windowsIn(DECIDE_HOURS, facts.stepMicros), facts, ({ values, known }) => {
    const points = sortedKnown(values, known - history, known).length;
    if (limit === null || hasEnoughHistory(points, facts.stepMicros)) {
      limit = size(values, known - history, known);
    }
    return limit;
  });
}
