import { createHash } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import type { Marker } from '../table/positions.ts';
import type { RangeToCommit } from '../table/usageTable.ts';
import type { QuarantineRow } from '../table/rows.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import type { JudgedRecord } from './judgeRecord.ts';

export interface CutRule {
  /** A range ends before each offset that is a multiple of this. */
  readonly recordsMax: number;
  /** A range ends before the first record whose log time lies in another interval of this length. */
  readonly intervalMs: number;
}

/** The rows of one range at most, in bytes of their records: bounds memory with 1 MB records. */
const RANGE_BYTES_MAX = 32_000_000;

/**
 * The records of one range, until it is cut. Where a range ends follows from offsets, log times and
 * sizes, so reading again cuts again at the same places; only the idle flush, for a partition to
 * which nothing more comes, goes by the clock.
 */
export class RangeBuffer {
  readonly #rule: CutRule;
  #from: bigint;
  #next: bigint;
  #interval = 0;
  /** The multiple of `recordsMax` that it ends before. */
  #end = 0n;
  #records = 0;
  #duplicates = 0;
  #bytes = 0;
  #usage = new UsageColumns();
  #quarantine: QuarantineRow[] = [];
  #last: LogRecord | null = null;

  constructor(rule: CutRule, from: bigint) {
    this.#rule = rule;
    this.#from = from;
    this.#next = from;
  }

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  get next(): bigint {
    return this.#next;
  }

  /** Whether the range must be cut before this record is added. */
  cutsBefore(record: LogRecord): boolean {
    if (this.isEmpty) return false;
    return (
      record.offset >= this.#end ||
      this.#intervalOf(record) !== this.#interval ||
      this.#bytes + sizeOf(record) > RANGE_BYTES_MAX
    );
  }

  add(record: LogRecord, judged: JudgedRecord): void {
    if (record.offset < this.#next) {
      throw new RangeError(`Offset ${record.offset} came after ${this.#next - 1n}.`);
    }
    if (this.isEmpty) {
      const block = BigInt(this.#rule.recordsMax);
      this.#interval = this.#intervalOf(record);
      this.#end = (record.offset / block + 1n) * block;
    }
    this.#take(record, judged);
    this.#records += 1;
    this.#bytes += sizeOf(record);
    this.#next = record.offset + 1n;
    this.#last = record;
  }

  /** The range so far; the buffer goes on empty after it. null: there is none. */
  cut(): RangeToCommit | null {
    if (this.#last === null || this.isEmpty) return null;
    const range = {
      from: this.#from,
      to: this.#next,
      records: this.#records,
      duplicates: this.#duplicates,
      usage: this.#usage,
      quarantine: this.#quarantine,
      marker: markerOf(this.#last),
    };
    this.#from = this.#next;
    this.#records = 0;
    this.#duplicates = 0;
    this.#bytes = 0;
    this.#usage = new UsageColumns();
    this.#quarantine = [];
    return range;
  }

  #take(record: LogRecord, judged: JudgedRecord): void {
    switch (judged.kind) {
      case 'usage':
        this.#usage.addRecord(record.offset, judged.loggedAt, judged.usage);
        return;
      case 'quarantine':
        this.#quarantine.push(judged.row);
        return;
      case 'duplicate':
        this.#duplicates += 1;
    }
  }

  #intervalOf(record: LogRecord): number {
    return Math.floor(record.timestampMs / this.#rule.intervalMs);
  }
}

export function markerOf(record: LogRecord): Marker {
  const hash = createHash('sha256').update(`${record.timestampMs}\n`);
  for (const part of [record.key, record.value]) {
    hash.update(part === null ? 'null\n' : `${part.length}\n`);
    if (part !== null) hash.update(part);
  }
  return { offset: record.offset, sha256: hash.digest('hex') };
}

function sizeOf(record: LogRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
