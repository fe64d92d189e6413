import type { Figure } from '../figure.ts';
import { measureRollups } from './measureRollups.ts';
import type { RollupsBenchOptions } from './measureRollups.ts';

export type UsageBenchOptions = RollupsBenchOptions;

/** @throws that a process of the bench failed */
export async function runUsageBench(options: UsageBenchOptions): Promise<readonly Figure[]> {
  return measureRollups(options);
}
