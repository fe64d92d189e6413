import { leaseKeyOf } from '@prorata/host-sdk';
import type { LogPort, OutRecord, TopicPartition } from '@prorata/kafka-port';
import { leaseTimes } from '@prorata/quota-model/leases';
import type { Codec, Lease } from '@prorata/schemas';
import { inNamespace, leasesTopicOf, UnreadableRecord } from '@prorata/schemas';
import type { LeaseChange } from './leaseDesk.ts';

export const leasesPartitionOf = (application: string, namespace: string): TopicPartition => ({
  topic: inNamespace(leasesTopicOf(application), namespace),
  partition: 0,
});

/** Leases that count as taken were granted within this time, milliseconds: their life, and clocks that differ. */
const TAKEN_MS = Number(leaseTimes.lifeMicros) / 1_000 + 5_000;

/**
 * The leases that somebody may still act on, oldest first. What was used of a window counts until it ends, and so
 * the whole topic is read where a consumable is shared.
 */
export async function takenLeases(
  { log }: Pick<LogPort, 'log'>,
  codec: Codec,
  partition: TopicPartition,
  { nowMs, isOfWindows }: { readonly nowMs: number; readonly isOfWindows: boolean },
): Promise<Lease[]> {
  const beginning = await log.beginningOffset(partition);
  const recent = isOfWindows ? beginning : await log.offsetAt(partition, nowMs - TAKEN_MS);
  if (recent === null) return [];
  const leases: Lease[] = [];
  const now = BigInt(nowMs) * 1_000n;
  const since = now - BigInt(TAKEN_MS) * 1_000n;
  await log.readToEnd(partition, recent > beginning ? recent : beginning, async (records) => {
    for (const { value } of records) {
      const lease = value === null ? null : await leaseIn(codec, value);
      if (lease === null) continue;
      if (lease.windowEnd === null ? lease.until > since : lease.windowEnd > now)
        leases.push(lease);
    }
  });
  return leases;
}

/** One that cannot be read is none: the hosts say what they hold. */
async function leaseIn(codec: Codec, value: Buffer): Promise<Lease | null> {
  try {
    const message = await codec.decode(value);
    return message.type === 'Lease' ? message.value : null;
  } catch (error) {
    if (error instanceof UnreadableRecord) return null;
    throw error;
  }
}

/** The records of what changes, for the application's topic. */
export async function recordsOf(
  codec: Codec,
  application: string,
  namespace: string,
  changes: readonly LeaseChange[],
): Promise<OutRecord[]> {
  const topic = leasesTopicOf(application);
  const partition = leasesPartitionOf(application, namespace);
  return Promise.all(
    changes.map(async (change) => {
      if (change.kind === 'gone')
        return { ...partition, key: Buffer.from(change.key), value: null };
      const value = await codec.encode(topic, { type: 'Lease', value: change.lease });
      return { ...partition, key: Buffer.from(leaseKeyOf(change.lease)), value };
    }),
  );
}
