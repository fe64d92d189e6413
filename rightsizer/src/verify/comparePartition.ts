import { createHash } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import type { JudgedRecord } from '../sink/judgeRecord.ts';
import type { Difference, DifferenceCode } from './difference.ts';
import type { PartitionRows, RejectedRow, TableRow, UsageId } from './tableRows.ts';

/** Records that the table has nothing of, asked about at once. */
const CANDIDATES_MAX = 1_000;
/** Resources whose sums are kept apart. */
const SUMS_MAX = 1_000;

/** By the record alone: whether it was sent again, the table says. */
export type Judge = (
  record: LogRecord,
) => Promise<Exclude<JudgedRecord, { readonly kind: 'duplicate' }>>;

/** What was compared of one partition. */
export interface PartitionFound {
  records: number;
  /** Records that were counted. */
  counted: number;
  /** Sent again, and counted once. */
  duplicates: number;
  quarantined: number;
  rows: number;
  /** By `<application> <resource>`. */
  readonly used: Map<string, bigint>;
  readonly reasons: Map<string, number>;
}

/**
 * Goes through a partition of the topic and what the table has of it, side by side, both by offset.
 * Memory is bounded by a batch of each. Ends at the first difference.
 */
export class PartitionComparison {
  readonly #place: string;
  /** The table has what lies before. */
  readonly #position: bigint;
  readonly #judge: Judge;
  readonly #source: PartitionRows;
  readonly #usage: Peekable<TableRow>;
  readonly #rejected: Peekable<RejectedRow>;
  #candidates: UsageId[] = [];
  #difference: Difference | null = null;
  readonly found: PartitionFound = {
    records: 0,
    counted: 0,
    duplicates: 0,
    quarantined: 0,
    rows: 0,
    used: new Map(),
    reasons: new Map(),
  };

  constructor(place: string, position: bigint, source: PartitionRows, judge: Judge) {
    this.#place = place;
    this.#position = position;
    this.#judge = judge;
    this.#source = source;
    this.#usage = new Peekable(source.usage());
    this.#rejected = new Peekable(source.rejected());
  }

  /** null: none so far. */
  get difference(): Difference | null {
    return this.#difference;
  }

  /** Records in the order of the log; those that the table has not come to yet are passed over. */
  async take(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      if (this.#difference !== null || record.offset >= this.#position) return;
      await this.#compare(record);
      if (this.#candidates.length >= CANDIDATES_MAX) await this.#settleCandidates();
    }
  }

  /** After the last record. */
  async end(): Promise<Difference | null> {
    await this.#passOverUntil(null);
    await this.#settleCandidates();
    await this.#usage.close();
    await this.#rejected.close();
    return this.#difference;
  }

  async #compare(record: LogRecord): Promise<void> {
    const { offset } = record;
    await this.#passOverUntil(offset);
    if (this.#difference !== null) return;
    const rows = await takeAt(this.#usage, offset);
    const rejected = await takeAt(this.#rejected, offset);
    const judged = await this.#judge(record);
    this.found.records += 1;
    if (rows.length > 0 && rejected.length > 0) {
      this.#differ('COUNTED_TWICE_OVER', offset, `${rows.length} rows, and ${rejected[0]?.reason}`);
    } else if (rejected.length > 0) {
      this.#compareRejected(record, rejected);
    } else if (judged.kind === 'quarantine') {
      const { reason } = judged.row;
      const what = rows.length > 0 ? 'it is counted' : 'it is nowhere';
      this.#differ('QUARANTINE_LOST', offset, `${what}, and must be in quarantine: ${reason}`);
    } else if (rows.length === 0) {
      this.#candidates.push({ offset, loggedAt: judged.loggedAt, ...judged.usage });
    } else {
      this.#compareRows(record, judged.usage, judged.loggedAt, rows);
    }
  }

  #compareRejected(record: LogRecord, rejected: readonly RejectedRow[]): void {
    const [first] = rejected;
    if (rejected.length > 1) {
      this.#differ('ROW_DOUBLED', record.offset, `${rejected.length} rows in quarantine`);
      return;
    }
    const sha256 = createHash('sha256')
      .update(record.value ?? Buffer.alloc(0))
      .digest('hex');
    if (first?.valueSha256 !== sha256) {
      this.#differ('QUARANTINE_CHANGED', record.offset, 'the quarantine has another value');
      return;
    }
    this.found.quarantined += 1;
    const { reasons } = this.found;
    reasons.set(first.reason, (reasons.get(first.reason) ?? 0) + 1);
  }

  #compareRows(
    { offset }: LogRecord,
    usage: UsageRecorded,
    loggedAt: bigint,
    rows: readonly TableRow[],
  ): void {
    const expected = usage.resources.length === 0 ? [noResource] : usage.resources;
    for (const resource of expected) {
      const own = rows.filter((row) => row.resource === resource.resource);
      const [row] = own;
      const named = `${usage.quotaId} ${resource.resource}`;
      if (row === undefined) {
        this.#differ('ROW_LOST', offset, `${named}: used ${resource.used}`);
        return;
      }
      if (own.length > 1) {
        this.#differ('ROW_DOUBLED', offset, `${named}: ${own.length} rows`);
        return;
      }
      const changed = changeOf(row, usage, resource, loggedAt);
      if (changed !== null) {
        this.#differ('ROW_CHANGED', offset, `${named}: ${changed}`);
        return;
      }
      this.#sum(`${usage.application} ${resource.resource}`, resource.used);
    }
    const extra = rows.find((row) => !expected.some(({ resource }) => resource === row.resource));
    if (extra !== undefined) {
      this.#differ('ROW_UNKNOWN', offset, `the record has no ${extra.resource}`);
      return;
    }
    this.found.counted += 1;
    this.found.rows += rows.length;
  }

  #sum(key: string, used: bigint): void {
    const sums = this.found.used;
    if (sums.has(key) || sums.size < SUMS_MAX) sums.set(key, (sums.get(key) ?? 0n) + used);
  }

  /** Rows before an offset are of no record; null: all that are left. */
  async #passOverUntil(offset: bigint | null): Promise<void> {
    for (const rows of [this.#usage, this.#rejected]) {
      const next = await rows.peek();
      if (next === null || (offset !== null && next.offset >= offset)) continue;
      if (next.offset >= this.#position) {
        // The quarantine is written first: of a range that is being committed it is there already.
        if (rows === this.#rejected) continue;
        const detail = `the table says that it ends at ${this.#position}`;
        this.#differ('BEYOND_POSITION', next.offset, detail);
      } else {
        this.#differ('ROW_UNKNOWN', next.offset, 'the topic has no such record');
      }
    }
  }

  /** Records without rows: sent again, or lost. */
  async #settleCandidates(): Promise<void> {
    const candidates = this.#candidates;
    this.#candidates = [];
    const counted = await this.#source.countedBefore(candidates);
    for (const { offset, application, hostId, sequence } of candidates) {
      if (counted.has(offset)) this.found.duplicates += 1;
      else {
        this.#differ('ROW_LOST', offset, `record ${sequence} of ${hostId} of ${application}`);
        return;
      }
    }
  }

  /** The first one in the log stays. */
  #differ(code: DifferenceCode, offset: bigint, detail: string): void {
    const before = this.#difference?.offset ?? null;
    if (before !== null && before <= offset) return;
    this.#difference = { code, place: this.#place, offset, detail };
  }
}

const noResource: ResourceUsage = {
  resource: '',
  used: 0n,
  refused: 0n,
  queued: 0n,
  peak: 0n,
  trialRefused: 0n,
};

const OF_RECORD = [
  'hostId',
  'bootId',
  'sequence',
  'application',
  'quotaId',
  'project',
  'zone',
  'windowStart',
  'windowEnd',
] as const;
const OF_RESOURCE = ['used', 'refused', 'queued', 'peak', 'trialRefused'] as const;

/** null: nothing. */
function changeOf(
  row: TableRow,
  usage: UsageRecorded,
  resource: ResourceUsage,
  loggedAt: bigint,
): string | null {
  const pairs: [string, unknown, unknown][] = [
    ...OF_RECORD.map((name): [string, unknown, unknown] => [name, row[name], usage[name]]),
    ...OF_RESOURCE.map((name): [string, unknown, unknown] => [name, row[name], resource[name]]),
    ['loggedAt', row.loggedAt, loggedAt],
  ];
  const changed = pairs.find(
    ([name, has, said]) => has !== said && !(name === 'trialRefused' && has === null),
  );
  if (changed === undefined) return null;
  const [name, has, said] = changed;
  return `${name} is ${String(has)}, and the record says ${String(said)}`;
}

async function takeAt<Row extends { readonly offset: bigint }>(
  rows: Peekable<Row>,
  offset: bigint,
): Promise<readonly Row[]> {
  const taken: Row[] = [];
  for (;;) {
    const next = await rows.peek();
    if (next?.offset !== offset) return taken;
    taken.push(next);
    rows.skip();
  }
}

/** Rows one by one, of which the next can be looked at. */
class Peekable<Row> {
  readonly #batches: AsyncIterator<readonly Row[]>;
  #batch: readonly Row[] = [];
  #at = 0;

  constructor(batches: AsyncIterable<readonly Row[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** null: there are no more. */
  async peek(): Promise<Row | null> {
    while (this.#at >= this.#batch.length) {
      const next = await this.#batches.next();
      if (next.done === true) return null;
      this.#batch = next.value;
      this.#at = 0;
    }
    return this.#batch[this.#at] ?? null;
  }

  skip(): void {
    this.#at += 1;
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
