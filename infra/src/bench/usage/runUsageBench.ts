import type { Figure } from '../figure.ts';
import { measureIngestion } from './measureIngestion.ts';
import type { IngestionBenchOptions } from './measureIngestion.ts';
import { measureRollups } from './measureRollups.ts';
import type { RollupsBenchOptions } from './measureRollups.ts';

export type UsageBenchOptions = RollupsBenchOptions & IngestionBenchOptions;

/** @throws PartDidNotStart, or that a process of the bench failed */
export async function runUsageBench(options: UsageBenchOptions): Promise<readonly Figure[]> {
  return [...(await measureIngestion(options)), ...(await measureRollups(options))];
}
