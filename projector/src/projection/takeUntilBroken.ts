import { BrokenInvariant } from './projection.ts';
import type { DecodedRecord, Projected } from './projection.ts';

/**
 * Takes records in order up to the first that breaks a law of the log: what stands before it is kept, so `take`
 * must throw before its first change.
 * @throws what `take` throws, but a BrokenInvariant
 */
export function takeUntilBroken(
  records: readonly DecodedRecord[],
  take: (record: DecodedRecord) => void,
): Pick<Projected, 'records' | 'broken'> {
  let taken = 0;
  for (const record of records) {
    try {
      take(record);
    } catch (error) {
      if (error instanceof BrokenInvariant) return { records: taken, broken: error };
      throw error;
    }
    taken += 1;
  }
  return { records: taken, broken: null };
}
