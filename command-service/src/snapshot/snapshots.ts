import type { PartitionWriter } from '@prorata/kafka-port';
import { PartitionState } from '../writer/partitionState.ts';
import type { RestorePoint } from '../writer/restorePartition.ts';

/** How a partition's state is kept beside the log, so that a restore need not fold all of it. */
export interface Snapshots {
  /** Called after each fence and before anything is appended. */
  restorePoint(partition: number, now: bigint): Promise<RestorePoint>;
  /** Between two batches, through the partition's own writer; `now` in microseconds. */
  takeIfDue(
    partition: number,
    state: PartitionState,
    writer: PartitionWriter,
    now: bigint,
  ): Promise<void>;
}

/** Every restore folds the whole log. */
export const noSnapshots: Snapshots = {
  restorePoint: () => Promise.resolve(fromTheBeginning()),
  takeIfDue: () => Promise.resolve(),
};

export function fromTheBeginning(): RestorePoint {
  return { state: new PartitionState(), eventsFrom: null, outcomesFrom: null };
}
