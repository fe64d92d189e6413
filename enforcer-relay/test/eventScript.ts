import { content, noTerms } from '@prorata/quota-model/testing';
import { randomUUID } from 'node:crypto';
import type { LogPort, OutRecord } from '@prorata/kafka-port';
import { partitionOf } from '@prorata/kafka-port';
import type { Codec, EventMessage, ResourceLimit } from '@prorata/schemas';
import { inNamespace } from '@prorata/schemas';

type Body<T extends EventMessage['type']> = Omit<
  Extract<EventMessage, { type: T }>['value'],
  'envelope'
>;

export const rate = (amount: bigint): ResourceLimit => ({
  resource: 'tokens',
  kind: 'rate',
  bound: 'amount',
  amount,
  perMicros: 1_000_000n,
  burst: null,
  guaranteed: null,
  window: null,
  zone: null,
});

/** Events of one application as the writer would make them: versions without gaps, one clock. */
export class EventScript {
  readonly application: string;
  readonly stream: string;
  #streamVersion = 0n;
  readonly #quotaVersions = new Map<string, bigint>();
  #decidedAt = 1_800_000_000_000_000n;

  constructor(application: string) {
    this.application = application;
    this.stream = `application:${application}`;
  }

  register(defaultMode: 'shadow' | 'enforce' = 'enforce'): EventMessage {
    return this.make('ApplicationRegistered', null, {
      displayName: this.application,
      levels: ['env', 'team', 'job'],
      resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null, totalSource: null }],
      defaultMode,
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 1_000_000n,
      ...noTerms,
      version: 0n,
      meaningVersion: 1,
    });
  }

  create(name: string, amount: bigint): EventMessage {
    return this.make('QuotaCreated', name, {
      content: content([rate(amount)]),
      contentHash: null,
    });
  }

  change(name: string, amount: bigint): EventMessage {
    return this.make('QuotaChanged', name, {
      content: content([rate(amount)]),
      contentHash: null,
    });
  }

  override(name: string, amount: bigint, until: bigint): EventMessage {
    return this.make('QuotaOverridden', name, {
      limits: [rate(amount)],
      until,
      suspension: false,
      replacesOverride: false,
    });
  }

  delete(name: string): EventMessage {
    return this.make('QuotaDeleted', name, {});
  }

  make<T extends EventMessage['type']>(type: T, name: string | null, body: Body<T>): EventMessage {
    const quotaId = name === null ? null : `${this.application}/${name}`;
    const quotaVersion = quotaId === null ? null : (this.#quotaVersions.get(quotaId) ?? 0n) + 1n;
    if (quotaId !== null && quotaVersion !== null) this.#quotaVersions.set(quotaId, quotaVersion);
    if (type === 'QuotaDeleted' && quotaId !== null) this.#quotaVersions.delete(quotaId);
    this.#streamVersion += 1n;
    this.#decidedAt += 1_000n;
    const envelope = {
      eventId: randomUUID(),
      stream: this.stream,
      streamVersion: this.#streamVersion,
      quotaId,
      quotaVersion,
      cause: 'command',
      commandId: randomUUID(),
      commandOffset: this.#streamVersion,
      timer: null,
      actor: { kind: 'user', issuer: 'https://test', subject: 'u1' },
      decidedAt: this.#decidedAt,
      reason: 'a test',
      previousHash: Buffer.alloc(32),
      waivers: [],
      attestations: [],
      approved: null,
    };
    return { type, value: { envelope, ...body } } as unknown as EventMessage;
  }
}

/** What the command-service would be: the one writer of the events. */
export class EventWriter {
  readonly #port: LogPort;
  readonly #codec: Codec;
  readonly #namespace: string;
  readonly #partitions: number;

  constructor(port: LogPort, codec: Codec, namespace: string, partitions: number) {
    this.#port = port;
    this.#codec = codec;
    this.#namespace = namespace;
    this.#partitions = partitions;
  }

  write(...events: EventMessage[]): Promise<void> {
    return this.writeWith({}, ...events);
  }

  /** @param headers of each record */
  async writeWith(
    headers: Readonly<Record<string, string>>,
    ...events: EventMessage[]
  ): Promise<void> {
    const topic = inNamespace('quota.events', this.#namespace);
    const first = events[0]?.value.envelope.stream ?? '';
    const partition = partitionOf(first, this.#partitions);
    const writer = await this.#port.writers.fence({
      group: inNamespace('command-service', this.#namespace),
      topic: inNamespace('quota.commands', this.#namespace),
      partition,
    });
    const records: OutRecord[] = [];
    for (const event of events) {
      const value = await this.#codec.encode('quota.events', event);
      const key = Buffer.from(event.value.envelope.stream);
      records.push({ topic, partition, key, value, headers });
    }
    await writer.append(records);
    await writer.close();
  }
}
