import {
  autopilotAverage,
  autopilotMaximum,
  autopilotMemory,
  autopilotServing,
} from './baselines/autopilot/autopilot.ts';
import { computeOptimizer } from './baselines/computeOptimizer.ts';
import { krrCpu, krrLimit, krrMemory } from './baselines/krr.ts';
import { seasonalNaive } from './baselines/seasonalNaive.ts';
import { staticMaximum } from './baselines/staticMaximum.ts';
import { verticalPodAutoscaler } from './baselines/vpa/verticalPodAutoscaler.ts';
import type { CausalProvider, LimitProvider, OracleProvider } from './limitProvider.ts';
import { limitProvider } from '../recommend/limitProvider.ts';
import type { WorkloadClass } from '../recommend/recommendation.ts';
import { nextDay, nextHour } from './oracles/foresight.ts';

/** What others do, with their constants. */
export const baselines: readonly CausalProvider[] = [
  staticMaximum,
  verticalPodAutoscaler,
  krrCpu,
  krrLimit,
  krrMemory,
  autopilotAverage,
  autopilotServing,
  autopilotMemory,
  autopilotMaximum,
  computeOptimizer,
  seasonalNaive,
];

export const oracles: readonly OracleProvider[] = [nextDay, nextHour];

export const workloadClasses: readonly WorkloadClass[] = ['batch', 'serving', 'guaranteed'];

/** Ours: one per class. */
export const own: readonly CausalProvider[] = workloadClasses.map(limitProvider);

/** In the order in which they are shown. */
export const allPolicies: readonly LimitProvider[] = [...own, ...baselines, ...oracles];
