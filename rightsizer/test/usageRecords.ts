import { randomUUID } from 'node:crypto';
import { partitionOf } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec, ResourceUsage, UsageRecorded } from '@prorata/schemas';

const started = BigInt(Date.now()) * 1_000n;

/** A usage record of a host that reports every second; each has an id of its own unless told. */
export function usageRecord(changes: Partial<UsageRecorded> = {}): UsageRecorded {
  return {
    hostId: 'host-1',
    bootId: randomUUID(),
    sequence: 1n,
    application: 'llm',
    quotaId: 'llm/chat',
    project: 'acme/search',
    zone: null,
    windowStart: started - 1_000_000n,
    windowEnd: started,
    resources: [tokens(10n)],
    ...changes,
  };
}

export function tokens(used: bigint, changes: Partial<ResourceUsage> = {}): ResourceUsage {
  return {
    resource: 'tokens',
    used,
    refused: 0n,
    queued: 0n,
    peak: used,
    trialRefused: 0n,
    ...changes,
  };
}

export interface UsagePlace {
  readonly codec: Codec;
  readonly namespace: string;
  readonly partitions: number;
}

export async function usageOut(
  { codec, namespace, partitions }: UsagePlace,
  usage: UsageRecorded,
): Promise<OutRecord> {
  return {
    topic: inNamespace('usage.events', namespace),
    partition: partitionOf(usage.quotaId, partitions),
    key: Buffer.from(usage.quotaId),
    value: await codec.encode('usage.events', { type: 'UsageRecorded', value: usage }),
  };
}
