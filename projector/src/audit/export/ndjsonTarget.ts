import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { RawRecord } from '../auditSource.ts';
import { lineOf } from '../copyFormat.ts';
import type { ExportedRecord } from './exportedRecord.ts';
import type { ExportTarget } from './exportLog.ts';

/** Text that is handed to the file at once, characters. */
const CHUNK_LENGTH_MIN = 65_536;

/** A line of JSON a record, in the log's order. */
export class NdjsonTarget implements ExportTarget {
  readonly #output: Writable;
  readonly #isCopy: boolean;
  #chunk = '';

  /** @param isCopy each line has the record's bytes too, so that the file can be verified as the log can */
  constructor(output: Writable, isCopy: boolean) {
    this.#output = output;
    this.#isCopy = isCopy;
  }

  async add({ entry }: ExportedRecord, raw: RawRecord): Promise<void> {
    this.#chunk += `${this.#isCopy ? lineOf(raw, entry) : JSON.stringify(entry)}\n`;
    if (this.#chunk.length >= CHUNK_LENGTH_MIN) await this.finish();
  }

  /** Hands over what is left. @throws what the output failed with, also if it was between two chunks */
  async finish(): Promise<void> {
    const chunk = this.#chunk;
    this.#chunk = '';
    if (this.#output.errored) throw this.#output.errored;
    if (!this.#output.write(chunk)) await once(this.#output, 'drain');
  }
}
