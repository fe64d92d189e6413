import { LogRefused } from '../port.ts';
import type { OutRecord } from '../port.ts';
import type { FetchConnection } from './fetchConnection.ts';
import { retrying } from './retrying.ts';

/**
 * The partitions that records may go to. kafkajs retries a send to an absent topic as long as one
 * to a broker that is away, which would hold a transaction open, and every reader up, for half a
 * minute; so a topic is looked up once before the first record goes there.
 */
export class KnownPartitions {
  readonly #connection: FetchConnection;
  readonly #counts = new Map<string, number>();

  constructor(connection: FetchConnection) {
    this.#connection = connection;
  }

  /** Whether nothing has to be looked up. */
  has(records: readonly OutRecord[]): boolean {
    return records.every(({ topic, partition }) => partition < (this.#counts.get(topic) ?? 0));
  }

  /** @throws LogRefused when a record's partition does not exist, LogUnavailable when nobody says. */
  async lookUp(records: readonly OutRecord[]): Promise<void> {
    if (this.has(records)) return;
    for (const topic of new Set(records.map((record) => record.topic))) {
      const count = await retrying(
        `Looking up ${topic}`,
        () => this.#connection.partitionCount(topic),
        () => this.#connection.reset(),
      );
      this.#counts.set(topic, count);
    }
    const absent = records.find(
      ({ topic, partition }) => partition >= (this.#counts.get(topic) ?? 0),
    );
    if (absent) {
      throw new LogRefused(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `There is no ${absent.topic}[${absent.partition}].`,
      );
    }
  }
}
