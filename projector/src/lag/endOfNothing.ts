import type { PartitionLog, TopicPartition } from '@prorata/kafka-port';

/** Ends a reading at the first record: one is enough to know. */
class SomethingFollows extends Error {
  override readonly name = 'SomethingFollows';
}

/**
 * Reads from an offset on, in case no record follows but markers of transactions and what was aborted.
 * @returns the end then; null: a record follows
 * @throws LogUnavailable | LogRefused
 */
export async function endOfNothing(
  log: PartitionLog,
  place: TopicPartition,
  next: bigint,
): Promise<bigint | null> {
  const beginning = await log.beginningOffset(place);
  try {
    return await log.readToEnd(place, beginning > next ? beginning : next, () => {
      throw new SomethingFollows();
    });
  } catch (error) {
    if (error instanceof SomethingFollows) return null;
    throw error;
  }
}
