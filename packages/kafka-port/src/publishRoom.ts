import { recordBytes } from './appendLimits.ts';
import { LogRefused, PublishQueueFull } from './port.ts';
import type { OutRecord } from './port.ts';

export const publisherLimits = {
  /** Records that wait while a send is under way: a second or two of a busy gateway. */
  queueRecordsMax: 20_000,
  /** Bytes that wait, so that large records meet a limit too. */
  queueBytesMax: 32_000_000,
  /** Records of one send. kafkajs groups a partition's records in quadratic time. */
  sendRecordsMax: 2_000,
} as const;

/** Counts what waits in a publisher's queue. */
export class PublishRoom {
  #records = 0;
  #bytes = 0;

  /**
   * @returns a function that gives the room back.
   * @throws PublishQueueFull and takes nothing.
   */
  take(records: readonly OutRecord[]): () => void {
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    const { queueRecordsMax, queueBytesMax } = publisherLimits;
    if (this.#records + records.length > queueRecordsMax || this.#bytes + bytes > queueBytesMax) {
      throw new PublishQueueFull(
        `${this.#records} records (${this.#bytes} bytes) wait to be published.`,
      );
    }
    this.#records += records.length;
    this.#bytes += bytes;
    return () => {
      this.#records -= records.length;
      this.#bytes -= bytes;
    };
  }
}

/** What a closed publisher answers. */
export function publisherClosed(): LogRefused {
  return new LogRefused('CLOSED', 'The publisher is closed.');
}
