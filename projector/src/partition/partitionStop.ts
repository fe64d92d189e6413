import { UnreadableRecord } from '@prorata/schemas';
import { BrokenInvariant } from '../projection/projection.ts';

export type StopCode = 'EVENT_UNREADABLE' | 'INVARIANT_BROKEN' | 'LOG_INCOMPLETE';

/** Why a partition goes no further until a person has looked. Other partitions go on. */
export interface PartitionStop {
  readonly topic: string;
  readonly partition: number;
  /** The record that cannot be applied. */
  readonly offset: bigint;
  readonly code: StopCode;
  readonly cause: Error;
}

/** The code of an error that stops a partition; null when the error is of another kind. */
export function stopCodeOf(error: unknown): StopCode | null {
  if (error instanceof UnreadableRecord) return 'EVENT_UNREADABLE';
  if (error instanceof BrokenInvariant) return 'INVARIANT_BROKEN';
  return null;
}

export function describeStop({ topic, partition, offset, code, cause }: PartitionStop): string {
  return `${topic}[${partition}] stopped at offset ${offset} (${code}): ${cause.message}`;
}
