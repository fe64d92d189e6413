import { OffsetGone } from '../port.ts';
import type { LogRecord, OutRecord, TopicPartition } from '../port.ts';

/** open → decided (the outcome stands, its markers do not) → ended in every partition by a marker. */
export interface MemoryTransaction {
  readonly transactionalId: string;
  outcome: 'open' | 'committed' | 'aborted';
  readonly partitions: Set<MemoryPartition>;
  readonly records: LogRecord[];
}

interface Entry {
  /** Absent in a control record, which takes an offset as in Kafka. */
  readonly record: LogRecord | undefined;
  readonly transaction: MemoryTransaction | undefined;
}

export class MemoryPartition {
  readonly place: TopicPartition;
  readonly #entries: Entry[] = [];
  #beginning = 0n;
  /** Transactions without their marker here, with their first offset. */
  readonly #unended = new Map<MemoryTransaction, bigint>();
  readonly #listeners = new Set<() => void>();

  constructor(place: TopicPartition) {
    this.place = place;
  }

  append(record: OutRecord, timestampMs: number, transaction?: MemoryTransaction): LogRecord {
    const { key, value } = record;
    const headers = new Map<string, Buffer>();
    for (const [name, header] of Object.entries(record.headers ?? {}))
      headers.set(name, Buffer.from(header));
    const offset = BigInt(this.#entries.length);
    const written = { ...this.place, offset, timestampMs, key, value, headers };
    this.#entries.push({ record: written, transaction });
    if (!transaction) {
      this.announce();
      return written;
    }
    transaction.records.push(written);
    transaction.partitions.add(this);
    if (!this.#unended.has(transaction)) this.#unended.set(transaction, offset);
    return written;
  }

  /** The commit or abort marker of a transaction: an offset that no reader is handed. */
  appendMarker(transaction: MemoryTransaction): void {
    this.#entries.push({ record: undefined, transaction });
    this.#unended.delete(transaction);
  }

  /** Everything before it is committed or aborted, and has its marker. */
  get lastStableOffset(): bigint {
    let stable = BigInt(this.#entries.length);
    for (const first of this.#unended.values()) if (first < stable) stable = first;
    return stable;
  }

  /** The offset of the next entry, committed or not, record or marker. */
  get logEnd(): bigint {
    return BigInt(this.#entries.length);
  }

  get beginningOffset(): bigint {
    return this.#beginning;
  }

  /** Of the first record that is not older than the time; null: there is none below the last stable offset. */
  offsetAt(timestampMs: number): bigint | null {
    const end = this.lastStableOffset;
    for (let offset = this.#beginning; offset < end; offset++) {
      const { record } = this.#entries[Number(offset)] ?? {};
      if (record !== undefined && record.timestampMs >= timestampMs) return offset;
    }
    return null;
  }

  /** As retention does: what stands before `offset` is gone, and the offsets of what follows stay. */
  deleteBefore(offset: bigint): void {
    if (offset > this.lastStableOffset) throw new OffsetGone(this.place, offset);
    if (offset > this.#beginning) this.#beginning = offset;
  }

  /** Up to `limit` committed records from `from` on, below `end`, and where to read next. */
  read(from: bigint, end: bigint, limit: number): { records: LogRecord[]; next: bigint } {
    if (from < this.#beginning || from > this.lastStableOffset)
      throw new OffsetGone(this.place, from);
    const records: LogRecord[] = [];
    let next = from;
    for (; next < end && records.length < limit; next++) {
      const { record, transaction } = this.#entries[Number(next)] ?? {};
      if (record && transaction?.outcome !== 'aborted') records.push(record);
    }
    return { records, next };
  }

  /** @returns a function that stops listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
