import { COMPLETE_KEY } from '@prorata/host-sdk';
import { appendLimits, recordBytes } from '@prorata/kafka-port';
import type { OutRecord, PartitionWriter } from '@prorata/kafka-port';
import type { Codec, RuleSetComplete } from '@prorata/schemas';
import { rulesTopicOf } from '@prorata/schemas';
import type { Breathe } from '@prorata/service-runtime';
import type { RuleChange } from './ruleFold.ts';
import type { RuleTopics } from './ruleTopics.ts';

export interface RulesToWrite {
  readonly changes: readonly RuleChange[];
  readonly complete: readonly RuleSetComplete[];
}

type Partitions = Pick<RuleTopics, 'partitionOf'>;

/**
 * Writes changes through the partition's fence, in as few transactions as their size allows, and
 * after them the records that say what each whole set is: what a reader sees of several
 * transactions is not taken for all before the last. No more than one transaction is encoded at a time.
 * @param breathe called between two records
 * @throws what `PartitionWriter.append` throws, and the registry's error
 */
export async function writeChanges(
  writer: PartitionWriter,
  codec: Codec,
  topics: Partitions,
  rules: RulesToWrite,
  breathe: Breathe = () => undefined,
): Promise<void> {
  const records = recordsOf(codec, topics, rules, breathe);
  for await (const batch of boundedBatches(records)) await writer.append(batch);
}

async function* recordsOf(
  codec: Codec,
  topics: Partitions,
  { changes, complete }: RulesToWrite,
  breathe: Breathe,
): AsyncGenerator<OutRecord> {
  for (const { application, quotaId, rule, eventOffset } of changes) {
    await breathe();
    const topic = rulesTopicOf(application);
    const value = rule === null ? null : await codec.encode(topic, { type: 'Rule', value: rule });
    yield {
      ...topics.partitionOf(application),
      key: Buffer.from(quotaId),
      value,
      headers: { 'event-offset': eventOffset.toString() },
    };
  }
  for (const value of complete) {
    const { application, eventOffset } = value;
    const message = { type: 'RuleSetComplete', value } as const;
    yield {
      ...topics.partitionOf(application),
      key: Buffer.from(COMPLETE_KEY),
      value: await codec.encode(rulesTopicOf(application), message),
      headers: { 'event-offset': eventOffset.toString() },
    };
  }
}

/** Consecutive records, each batch as large as one append may be to a single partition. */
export async function* boundedBatches(
  records: AsyncIterable<OutRecord> | Iterable<OutRecord>,
): AsyncGenerator<OutRecord[]> {
  let batch: OutRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    const size = recordBytes(record);
    const isFull =
      batch.length === appendLimits.recordsMax || bytes + size > appendLimits.partitionBytesMax;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
