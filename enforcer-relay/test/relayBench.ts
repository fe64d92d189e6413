import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, LogRecord } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds, rulesTopicOf } from '@prorata/schemas';
import { readSettings } from '@prorata/service-runtime';
import type { Settings } from '@prorata/service-runtime';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import type { Relay } from '../src/startRelay.ts';
import { startRelay } from '../src/startRelay.ts';
import { EventWriter } from './eventScript.ts';
import { testIssuer } from './testIssuer.ts';
import type { TestIssuer } from './testIssuer.ts';

const RELAY_TOPICS = [
  'quota.events',
  'quota.rules.<application>',
  'quota.leases.<application>',
  'host.reports',
  'usage.events',
] as const;

type Principal = Parameters<typeof kafkaConnection>[0];

/** A namespace of its own on the shared stack, relays in it, and what a test needs to look at it. */
export class RelayBench {
  readonly namespace: string;
  readonly issuer: TestIssuer;
  readonly admin: LogPort;
  readonly codec: Codec;
  readonly events: EventWriter;
  readonly #ports: LogPort[] = [];
  readonly #relays: Relay[] = [];

  private constructor(namespace: string, issuer: TestIssuer, partitions: number) {
    this.namespace = namespace;
    this.issuer = issuer;
    this.admin = this.port('admin');
    this.codec = this.newCodec();
    this.events = new EventWriter(this.admin, this.codec, namespace, partitions);
  }

  static async open(): Promise<RelayBench> {
    const namespace = await freshNamespace({ apply: RELAY_TOPICS });
    const port = connectKafka(kafkaConnection('admin'));
    const admin = await port.admin();
    const [events] = await admin.describeTopics([inNamespace('quota.events', namespace)]);
    await admin.close();
    await port.close();
    return new RelayBench(namespace, await testIssuer(), events?.partitions ?? 0);
  }

  newCodec(): Codec {
    return new Codec(registryIds(sharedStack().subjectsUrl), this.namespace);
  }

  port(principal: Principal): LogPort {
    const port = connectKafka(kafkaConnection(principal));
    this.#ports.push(port);
    return port;
  }

  async relay(): Promise<Relay> {
    const relay = await startRelay(this.#settings(), {
      port: this.port('relay'),
      codec: this.newCodec(),
      sessionTimeoutMs: 6_000,
    });
    this.#relays.push(relay);
    return relay;
  }

  place(application: string): { topic: string; partition: number } {
    return { topic: inNamespace(rulesTopicOf(application), this.namespace), partition: 0 };
  }

  async records(place: { topic: string; partition: number }): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    await this.admin.log.readToEnd(place, 0n, (batch) => void records.push(...batch));
    return records;
  }

  /** What compaction would leave: the amount of each quota's first limit, by quota. */
  async amounts(application: string): Promise<Record<string, bigint | undefined>> {
    const amounts = new Map<string, bigint | undefined>();
    const records = await this.records(this.place(application)).catch(() => []);
    for (const { key, value } of records) {
      const quotaId = key?.toString() ?? '';
      amounts.delete(quotaId);
      if (value === null) continue;
      const message = await this.codec.decode(value);
      if (message.type === 'Rule') amounts.set(quotaId, message.value.limits[0]?.amount);
    }
    return Object.fromEntries(amounts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.stop()));
    await Promise.all(this.#ports.map((port) => port.close()));
    await this.issuer.remove();
  }

  #settings(): Settings {
    const { brokers, subjectsUrl } = sharedStack();
    const { issuer, jwksFile } = this.issuer.tokens;
    return readSettings({
      KAFKA_BROKERS: brokers.join(','),
      SCHEMA_REGISTRY_URL: subjectsUrl,
      PRORATA_NAMESPACE: this.namespace,
      PRORATA_LOG_LEVEL: 'silent',
      PRORATA_TOKEN_ISSUER: issuer,
      PRORATA_TOKEN_JWKS_FILE: jwksFile,
    });
  }
}
