import { COMPLETE_KEY } from '@prorata/host-sdk';
import { appendLimits, recordBytes } from '@prorata/kafka-port';
import type { OutRecord, PartitionWriter } from '@prorata/kafka-port';
import type { Codec, RuleSetComplete } from '@prorata/schemas';
import { rulesTopicOf } from '@prorata/schemas';
import type { RuleChange } from './ruleFold.ts';
import type { RuleTopics } from './ruleTopics.ts';

/**
 * Writes changes through the partition's fence, in as few transactions as their size allows, and
 * after them the records that say what each whole set is: what a reader sees of several
 * transactions is not taken for all before the last.
 * @throws what `PartitionWriter.append` throws, and the registry's error
 */
export async function writeChanges(
  writer: PartitionWriter,
  codec: Codec,
  topics: Pick<RuleTopics, 'partitionOf'>,
  changes: readonly RuleChange[],
  complete: readonly RuleSetComplete[],
): Promise<void> {
  const records: OutRecord[] = [];
  for (const change of changes) {
    const { application, quotaId, rule, eventOffset } = change;
    const value =
      rule === null
        ? null
        : await codec.encode(rulesTopicOf(application), { type: 'Rule', value: rule });
    records.push({
      ...topics.partitionOf(application),
      key: Buffer.from(quotaId),
      value,
      headers: { 'event-offset': eventOffset.toString() },
    });
  }
  for (const value of complete) {
    const { application } = value;
    const message = { type: 'RuleSetComplete', value } as const;
    records.push({
      ...topics.partitionOf(application),
      key: Buffer.from(COMPLETE_KEY),
      value: await codec.encode(rulesTopicOf(application), message),
      headers: { 'event-offset': value.eventOffset.toString() },
    });
  }
  for (const batch of boundedBatches(records)) await writer.append(batch);
}

/** Consecutive records, each batch as large as one append may be to a single partition. */
export function boundedBatches(records: readonly OutRecord[]): OutRecord[][] {
  const batches: OutRecord[][] = [];
  let batch: OutRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = recordBytes(record);
    const isFull =
      batch.length === appendLimits.recordsMax || bytes + size > appendLimits.partitionBytesMax;
    if (isFull && batch.length > 0) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
