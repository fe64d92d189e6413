import { AppendTooLarge, LogUnavailable, partitionOf } from '@prorata/kafka-port';
import type { LogPort, OutRecord, Publisher } from '@prorata/kafka-port';
import type { Codec, DemandReport, Message } from '@prorata/schemas';
import { inNamespace, UnwritableRecord } from '@prorata/schemas';
import { orRejection } from '../credentialsRejected.ts';
import { UsageRefused } from './usageChannel.ts';
import type { UsageChannel } from './usageChannel.ts';

export interface KafkaUsageOptions {
  readonly port: Pick<LogPort, 'publisher' | 'admin'>;
  readonly codec: Codec;
  /** The prefix of a shared cluster; none by default. */
  readonly namespace?: string;
}

const USAGE = 'usage.events';
const REPORTS = 'host.reports';

/** Usage and reports straight to their topics. */
export function kafkaUsage(options: KafkaUsageOptions): UsageChannel {
  return new KafkaUsage(options);
}

class KafkaUsage implements UsageChannel {
  readonly #port: KafkaUsageOptions['port'];
  readonly #codec: Codec;
  readonly #namespace: string;
  readonly #partitions = new Map<string, number>();
  #publisher: Promise<Publisher> | null = null;

  constructor({ port, codec, namespace = '' }: KafkaUsageOptions) {
    this.#port = port;
    this.#codec = codec;
    this.#namespace = namespace;
  }

  async sendUsage(records: Parameters<UsageChannel['sendUsage']>[0]): Promise<void> {
    await this.#send(
      USAGE,
      records.map((value) => ({ key: value.quotaId, message: { type: 'UsageRecorded', value } })),
    );
  }

  async sendReport(report: Parameters<UsageChannel['sendReport']>[0]): Promise<void> {
    const message: Message = { type: 'HostReport', value: report };
    await this.#send(REPORTS, [{ key: report.application, message }]);
  }

  async sendDemand(report: DemandReport): Promise<void> {
    const message: Message = { type: 'DemandReport', value: report };
    await this.#send(REPORTS, [{ key: report.application, message }]);
  }

  async close(): Promise<void> {
    const publisher = await this.#publisher?.catch(() => null);
    await publisher?.close();
  }

  async #send(
    topic: string,
    messages: readonly { readonly key: string; readonly message: Message }[],
  ): Promise<void> {
    try {
      const partitions = await this.#partitionsOf(topic);
      const records: OutRecord[] = [];
      for (const { key, message } of messages) {
        records.push({
          topic: inNamespace(topic, this.#namespace),
          partition: partitionOf(key, partitions),
          key: Buffer.from(key),
          value: await this.#codec.encode(topic, message),
        });
      }
      const publisher = await this.#connected();
      await publisher.publish(records);
    } catch (error) {
      if (error instanceof UnwritableRecord || error instanceof AppendTooLarge) {
        throw new UsageRefused(`${topic} cannot take these records.`, { cause: error });
      }
      throw orRejection(error);
    }
  }

  /** Asked once: the count is fixed for the life of the log. */
  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic);
    if (known !== undefined) return known;
    const admin = await this.#port.admin();
    try {
      const [described] = await admin.describeTopics([inNamespace(topic, this.#namespace)]);
      if (described === undefined) throw new LogUnavailable(`There is no topic ${topic} yet.`);
      this.#partitions.set(topic, described.partitions);
      return described.partitions;
    } finally {
      await admin.close();
    }
  }

  /** A failed connection is not remembered. */
  #connected(): Promise<Publisher> {
    this.#publisher ??= this.#port.publisher().catch((error: unknown) => {
      this.#publisher = null;
      throw error;
    });
    return this.#publisher;
  }
}
