import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';
import { recordOf } from './copyFormat.ts';

/** An exported copy. A copy is whole when it is read, so a second reading has nothing more. */
export class CopySource implements AuditSource {
  readonly partitions = null;
  readonly #file: string;
  readonly #read = new Set<AuditedTopic>();

  constructor(file: string) {
    this.#file = file;
  }

  size(): Promise<null> {
    return Promise.resolve(null);
  }

  /** @throws CopyDamaged at a line that is no record */
  async read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void> {
    if (this.#read.has(topic)) return;
    this.#read.add(topic);
    const input = createReadStream(this.#file, 'utf8');
    let line = 0;
    try {
      for await (const text of createInterface({ input, crlfDelay: Infinity })) {
        line += 1;
        if (text === '') continue;
        const record = recordOf(text, line);
        if (record.topic !== topic) continue;
        if (partition !== null && record.partition !== partition) continue;
        await onRecord(record);
      }
    } finally {
      input.destroy();
    }
  }
}
