import { partitionOf } from '@prorata/kafka-port';
import type { LogPort, OutRecord, Publisher } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec, Message } from '@prorata/schemas';

/** What a relay has to say in the topic of reports. */
export type RelayReport = Extract<Message, { type: 'RulesDelivered' | 'TargetReport' }>;

const REPORTS = 'host.reports';

export interface ReportTopicParts {
  readonly port: Pick<LogPort, 'publisher'>;
  readonly codec: Codec;
  readonly namespace: string;
  /** Of the topic. */
  readonly partitions: number;
}

/** `host.reports`, for what the relay and its dispatchers tell: outside any transaction, as hosts do. */
export class ReportTopic {
  readonly #parts: ReportTopicParts;
  #publisher: Promise<Publisher> | null = null;

  constructor(parts: ReportTopicParts) {
    this.#parts = parts;
  }

  /** @throws what the log or the registry says; the same reports may be sent again */
  async send(reports: readonly RelayReport[]): Promise<void> {
    const { codec, namespace, partitions } = this.#parts;
    const topic = inNamespace(REPORTS, namespace);
    const records: OutRecord[] = [];
    for (const report of reports) {
      const { application } = report.value;
      const value = await codec.encode(REPORTS, report);
      const partition = partitionOf(application, partitions);
      records.push({ topic, partition, key: Buffer.from(application), value });
    }
    const publisher = await this.#connected();
    await publisher.publish(records);
  }

  async close(): Promise<void> {
    const publisher = await this.#publisher?.catch(() => null);
    await publisher?.close();
  }

  /** A failed connection is not remembered. */
  #connected(): Promise<Publisher> {
    this.#publisher ??= this.#parts.port.publisher().catch((error: unknown) => {
      this.#publisher = null;
      throw error;
    });
    return this.#publisher;
  }
}
