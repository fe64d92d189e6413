import { partitionOf } from '@prorata/kafka-port';
import type { LogPort, OutRecord } from '@prorata/kafka-port';
import { inNamespace, topicManifest } from '@prorata/schemas';
import type { Codec, UsageRecorded } from '@prorata/schemas';

const HOSTS = 200;
const QUOTAS = 50;
/** Records of one call to the publisher. */
const BATCH_RECORDS = 1_000;
const partitions = topicManifest.partitions.local;

/** As many hosts report it: each a window of ten seconds of each quota, in turns; two resources a record. */
export function* benchUsage(records: number, nowMicros: bigint): Generator<UsageRecorded> {
  for (let index = 0; index < records; index += 1) {
    const host = index % HOSTS;
    const turn = Math.floor(index / HOSTS);
    const windowStart =
      nowMicros - 3_600_000_000n + BigInt(Math.floor(turn / QUOTAS)) * 10_000_000n;
    yield {
      hostId: `host-${host}.cell-1.example`,
      bootId: `0b6c2f6e-3f6f-4a55-9a53-${String(host).padStart(12, '0')}`,
      sequence: BigInt(turn),
      application: 'llm',
      quotaId: `llm/team-${turn % QUOTAS}/serving`,
      project: `acme/team-${turn % QUOTAS}`,
      zone: `zone-${host % 3}`,
      windowStart,
      windowEnd: windowStart + 10_000_000n,
      resources: ['requests', 'tokens'].map((resource, kind) => ({
        resource,
        used: BigInt((index * 7_919) % 100_000) * BigInt(1 + kind * 400),
        refused: BigInt(index % 11),
        queued: 0n,
        peak: BigInt(index % 997),
        trialRefused: 0n,
      })),
    };
  }
}

/** Fills the topic. */
export async function writeBenchUsage(
  port: LogPort,
  codec: Codec,
  namespace: string,
  usages: Iterable<UsageRecorded>,
): Promise<void> {
  const topic = inNamespace('usage.events', namespace);
  const publisher = await port.publisher();
  let batch: OutRecord[] = [];
  for (const usage of usages) {
    batch.push({
      topic,
      partition: partitionOf(usage.quotaId, partitions),
      key: Buffer.from(usage.quotaId),
      value: await codec.encode('usage.events', { type: 'UsageRecorded', value: usage }),
    });
    if (batch.length < BATCH_RECORDS) continue;
    await publisher.publish(batch);
    batch = [];
  }
  if (batch.length > 0) await publisher.publish(batch);
  await publisher.close();
}
