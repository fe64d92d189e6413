import { partitionOf } from '@prorata/kafka-port';
import type { LogPort, OutRecord, PartitionWriter } from '@prorata/kafka-port';
import { inNamespace, topicManifest } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { benchEvents } from './benchEvents.ts';

/** Records of one append: far below what one may hold. */
const RECORDS_AN_APPEND = 1_000;

/** Fills the events of a fresh cluster, partition by partition, as the one writer does. */
export async function writeBenchLog(
  port: LogPort,
  codec: Codec,
  { namespace, events }: { readonly namespace: string; readonly events: number },
): Promise<void> {
  const topic = inNamespace('quota.events', namespace);
  const group = inNamespace('command-service', namespace);
  const writers: PartitionWriter[] = [];
  const waiting: OutRecord[][] = [];
  for (let partition = 0; partition < topicManifest.partitions.local; partition += 1) {
    writers.push(await port.writers.fence({ group, topic, partition }));
    waiting.push([]);
  }
  const flush = async (partition: number): Promise<void> => {
    const records = waiting[partition] ?? [];
    waiting[partition] = [];
    if (records.length > 0) await writers[partition]?.append(records);
  };
  for (const event of benchEvents(events)) {
    const { stream } = event.value.envelope;
    const partition = partitionOf(stream, writers.length);
    const value = await codec.encode('quota.events', event);
    waiting[partition]?.push({ topic, partition, key: Buffer.from(stream), value });
    if (waiting[partition]?.length === RECORDS_AN_APPEND) await flush(partition);
  }
  for (const partition of writers.keys()) await flush(partition);
  await Promise.all(writers.map((writer) => writer.close()));
}
