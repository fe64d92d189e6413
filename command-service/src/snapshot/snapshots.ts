import type { PartitionWriter } from '@prorata/kafka-port';
import type { PartitionState } from '../writer/partitionState.ts';
import { fromTheBeginning } from '../writer/restorePoint.ts';
import type { RestorePoint } from '../writer/restorePoint.ts';

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
