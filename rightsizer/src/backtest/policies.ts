import { computeOptimizer } from './baselines/computeOptimizer.ts';
import { krrCpu, krrLimit, krrMemory } from './baselines/krr.ts';
import { seasonalNaive } from './baselines/seasonalNaive.ts';
import { staticMaximum } from './baselines/staticMaximum.ts';
import type { CausalProvider, LimitProvider, OracleProvider } from './limitProvider.ts';
import { nextDay, nextHour } from './oracles/foresight.ts';

/** What others do, with their constants. */
export const baselines: readonly CausalProvider[] = [
  staticMaximum,
  krrCpu,
  krrLimit,
  krrMemory,
  computeOptimizer,
  seasonalNaive,
];

export const oracles: readonly OracleProvider[] = [nextDay, nextHour];

/** Ours. */
export const own: readonly CausalProvider[] = [];

/** In the order in which they are shown. */
export const allPolicies: readonly LimitProvider[] = [...own, ...baselines, ...oracles];
