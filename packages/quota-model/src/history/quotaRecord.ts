/**
 * One quota by itself as JSON, for histories: what the layers of its path make of it follows from the
 * records of the path. Its short hashes of earlier contents, and when resizes of it
 * were rolled back, are left out: nothing in force stands on them.
 */
import { UnreadableState } from '../faults.ts';
import type { QuotaState } from '../model.ts';
import { NO_HAIRCUTS, NO_RIGHTSIZED } from '../sharing.ts';
import { decode, encode } from '../snapshot.ts';

/** The quota's id apart. What is null or empty is left out; bigints, maps as in a snapshot. */
export function quotaRecord(quota: QuotaState): object {
  const { quotaId, versions, rolledBack, ...kept } = quota;
  // Named so that they are seen to be left out.
  quotaId satisfies string;
  versions satisfies string | null;
  rolledBack satisfies ReadonlyMap<string, bigint> | null;
  const held = Object.entries(kept).filter(
    ([, value]) => value !== null && !(value instanceof Map && value.size === 0),
  );
  return encode(Object.fromEntries(held)) as object;
}

/** @throws UnreadableState */
export function quotaOfRecord(quotaId: string, record: unknown): QuotaState {
  const held = decode(record) as Partial<QuotaState>;
  const { version, content, declared } = held;
  if (version === undefined || content === undefined || declared === undefined) {
    throw new UnreadableState(`the record of ${quotaId} is not of the form of one`);
  }
  return {
    earlier: null,
    rightsized: NO_RIGHTSIZED,
    haircuts: NO_HAIRCUTS,
    override: null,
    ...held,
    quotaId,
    version,
    content,
    declared,
    rolledBack: null,
    versions: null,
  };
}
