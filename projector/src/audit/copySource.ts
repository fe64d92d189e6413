import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Codec } from '@prorata/schemas';
import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';
import { recordOf } from './copyFormat.ts';
import type { CopiedRecord } from './copyFormat.ts';
import { exportedRecord } from './export/exportedRecord.ts';
import { tellsTheSame } from './export/tellsTheSame.ts';

/** An exported copy. A copy is whole when it is read, so a second reading has nothing more. */
export class CopySource implements AuditSource {
  readonly partitions = null;
  readonly #file: string;
  readonly #codec: Codec;
  readonly #read = new Set<AuditedTopic>();

  constructor(file: string, codec: Codec) {
    this.#file = file;
    this.#codec = codec;
  }

  size(): Promise<null> {
    return Promise.resolve(null);
  }

  /** @throws CopyDamaged at a line that is no record, NoCopy when the file was not made to be verified */
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
        const copied = recordOf(text, line);
        if (copied.raw.topic !== topic) continue;
        if (partition !== null && copied.raw.partition !== partition) continue;
        await onRecord(await this.#compared(copied));
      }
    } finally {
      input.destroy();
    }
  }
  /** Who reads the words must be able to believe them as the bytes. */
  async #compared({ raw, told }: CopiedRecord): Promise<RawRecord> {
    if (told === null || raw.damage !== null) return raw;
    if (tellsTheSame(told, await exportedRecord(this.#codec, raw))) return raw;
    return { ...raw, damage: 'what the copy tells of it is not what stands in its bytes' };
  }
}
