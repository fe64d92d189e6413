import { PartitionState } from './partitionState.ts';

/** Where folding begins: the start of the log, or where a snapshot ends. */
export interface RestorePoint {
  readonly state: PartitionState;
  /** null: from the oldest record on. */
  readonly eventsFrom: bigint | null;
  readonly outcomesFrom: bigint | null;
}

/** Nothing is known: the whole log is folded. */
export function fromTheBeginning(): RestorePoint {
  return { state: new PartitionState(), eventsFrom: null, outcomesFrom: null };
}
