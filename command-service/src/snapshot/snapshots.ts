import type { PartitionWriter } from '@prorata/kafka-port';
import type { PartitionState } from '../writer/partitionState.ts';
import { fromTheBeginning } from '../writer/restorePoint.ts';
import type { RestorePoint } from '../writer/restorePoint.ts';

/** How a partition's state is kept beside the log, so that a restore need not fold all of it. */
export interface Snapshots {
  /** Called after each fence and before anything is appended. */
  restorePoint(partition: number, now: bigint): Promise<RestorePoint>;
  /**
   * Between two batches, through the partition's own writer: begins a snapshot when one is due, or
   * writes the next slice of the one that is under way, one append at most a call.
   * @param now microseconds
   * @returns whether there is more to write of it
   */
  takeIfDue(
    partition: number,
    state: PartitionState,
    writer: PartitionWriter,
    now: bigint,
  ): Promise<boolean>;
}

/** Every restore folds the whole log. */
export const noSnapshots: Snapshots = {
  restorePoint: () => Promise.resolve(fromTheBeginning()),
  takeIfDue: () => Promise.resolve(false),
};
