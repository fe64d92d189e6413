import { timeToJson } from '@prorata/schemas';
import { paidBySql } from '../table/payers.ts';
import { placeOf } from '../table/positions.ts';
import type { Positions, RowsFile, TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import type { MeteredUse } from './chargeUse.ts';
import type { ClosedAt, KnownUsage, LateUse, UsageSource, UsesAsked } from './usageSource.ts';

/** Every time zone's days begin at a multiple of it. */
const FOUND_MICROS = 900_000_000n;

/** Files that were looked at for rows that a closing did not know; files never change. */
export class LookedAtFiles {
  readonly #clean = new WeakMap<Positions, ReadonlySet<string>>();
  readonly #late = new WeakMap<Positions, ReadonlySet<string>>();

  /** Of the files those that no look has told about yet. */
  unknown(positions: Positions, files: readonly RowsFile[]): RowsFile[] {
    const [clean, late] = [this.#clean.get(positions), this.#late.get(positions)];
    return files.filter(({ key }) => clean?.has(key) !== true && late?.has(key) !== true);
  }

  late(positions: Positions, files: readonly RowsFile[]): RowsFile[] {
    const late = this.#late.get(positions);
    return files.filter(({ key }) => late?.has(key) === true);
  }

  /** @param files all that there are now: what is said of others is forgotten */
  note(
    positions: Positions,
    files: readonly RowsFile[],
    looked: readonly RowsFile[],
    areLate: boolean,
  ): void {
    const [kept, other] = areLate ? [this.#late, this.#clean] : [this.#clean, this.#late];
    const now = new Set(files.map(({ key }) => key));
    const among = (keys: Iterable<string>): string[] => [...keys].filter((key) => now.has(key));
    const added = looked.map(({ key }) => key);
    kept.set(positions, new Set(among([...(kept.get(positions) ?? []), ...added])));
    other.set(positions, new Set(among(other.get(positions) ?? [])));
  }
}

/** One version of the table as a source of usage: sums are taken by the database, and come as a stream. */
export class TableUses implements UsageSource {
  readonly #version: TableVersion;

  readonly #looked: LookedAtFiles;

  /** @param looked kept from one version to the next, so that old files are looked at once */
  constructor(version: TableVersion, looked = new LookedAtFiles()) {
    this.#version = version;
    this.#looked = looked;
  }

  async *uses(asked: UsesAsked): AsyncGenerator<MeteredUse> {
    for await (const row of this.#rows(asked, 'NULL')) yield useOf(row);
  }

  async *lateUses(asked: UsesAsked, closings: readonly ClosedAt[]): AsyncGenerator<LateUse> {
    for await (const row of this.#rows(asked, foundSql(closings))) {
      yield { ...useOf(row), found: row['found'] as bigint | null };
    }
  }

  async latePayers(
    { from, to, known }: { from: bigint; to: bigint; known: KnownUsage },
    { positions }: ClosedAt,
  ): Promise<ReadonlySet<string | null>> {
    const files = await this.#version.files({ from, to });
    const unknown = this.#looked.unknown(positions, files);
    // Asked before anything is waited for: whoever reads another version meanwhile forgets this one's files.
    const late = [...this.#looked.late(positions, files)];
    if (unknown.length > 0) {
      const everything = { positions: null, loggedBefore: null };
      const found = await this.#unknownPayers(unknown, from, to, everything, positions);
      this.#looked.note(positions, files, unknown, found.size > 0);
      if (found.size > 0) late.push(...unknown);
    }
    return this.#unknownPayers(late, from, to, known, positions);
  }

  async #unknownPayers(
    files: readonly RowsFile[],
    from: bigint,
    to: bigint,
    known: KnownUsage,
    positions: Positions,
  ): Promise<ReadonlySet<string | null>> {
    if (files.length === 0) return new Set();
    return this.#version.scan(files, async (rows, connection) => {
      const result = await connection.runAndReadAll(`
        SELECT DISTINCT project FROM ${rows}
        WHERE ${countedSql(from, to, known)} AND NOT ${withinSql(positions)}`);
      return new Set(result.getRowObjects().map((row) => row['project'] as string | null));
    });
  }

  async *#rows(
    { payers, edges, known }: UsesAsked,
    found: string,
  ): AsyncGenerator<Record<string, unknown>> {
    const [from, to] = [edges[0], edges.at(-1)];
    if (from === undefined || to === undefined) return;
    const files = await this.#version.files({ from, to });
    if (files.length === 0) return;
    const starts = edges.slice(0, -1).map((start) => `(${start}::BIGINT)`);
    const sqlOf = (rows: string): string => `
        WITH edges(interval_start) AS (VALUES ${starts.join(', ')}),
        counted AS (
          SELECT project, application, resource, quota_id, used,
            epoch_us(window_start) AS started, (${found})::BIGINT AS found
          FROM ${rows} WHERE ${countedSql(from, to, known)} AND ${paidBySql(payers)}
        )
        SELECT project, interval_start, application, resource, quota_id, found,
          sum(used)::HUGEINT AS used
        FROM counted ASOF JOIN edges ON started >= interval_start
        GROUP BY ALL
        ORDER BY project NULLS FIRST, interval_start, application, resource, quota_id, found`;
    yield* this.#stream(files, sqlOf);
  }

  /** `scan` ends with its work, so the rows are handed over while it waits for whoever takes them. */
  async *#stream(
    files: readonly RowsFile[],
    sqlOf: (rows: string) => string,
  ): AsyncGenerator<Record<string, unknown>> {
    const handover = new Handover<Record<string, unknown>[]>();
    const scanned = this.#version
      .scan(files, async (rows, connection) => {
        const result = await connection.stream(sqlOf(rows));
        for await (const chunk of result.yieldRowObjects()) {
          if (!(await handover.give(chunk))) return;
        }
      })
      .then(
        () => handover.end(null),
        (error: unknown) => handover.end({ error }),
      );
    try {
      for (;;) {
        const chunk = await handover.take();
        if (chunk === null) break;
        yield* chunk;
      }
    } finally {
      handover.stop();
      await scanned;
    }
  }
}

/** One chunk at a time from a producer to a consumer, each waiting for the other. */
class Handover<T> {
  #given: T | null = null;
  #ended: { readonly fault: { readonly error: unknown } | null } | null = null;
  #stopped = false;
  #wake: () => void = () => undefined;
  #changed = this.#nextChange();

  /** @returns false when nobody takes any more */
  async give(chunk: T): Promise<boolean> {
    while (this.#given !== null && !this.#stopped) await this.#changed;
    if (this.#stopped) return false;
    this.#given = chunk;
    this.#notify();
    return true;
  }

  /** @returns null when there is no more. @throws what the producer did */
  async take(): Promise<T | null> {
    while (this.#given === null && this.#ended === null) await this.#changed;
    const chunk = this.#given;
    if (chunk !== null) {
      this.#given = null;
      this.#notify();
      return chunk;
    }
    if (this.#ended?.fault) throw this.#ended.fault.error;
    return null;
  }

  end(fault: { readonly error: unknown } | null): void {
    this.#ended = { fault };
    this.#notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#changed = this.#nextChange();
    wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function countedSql(from: bigint, to: bigint, { positions, loggedBefore }: KnownUsage): string {
  const parts = [
    `window_start >= ${momentSql(from)}`,
    `window_start < ${momentSql(to)}`,
    'used > 0',
    "resource <> ''",
  ];
  if (positions !== null) parts.push(withinSql(positions));
  if (loggedBefore !== null) parts.push(`logged_at < ${momentSql(loggedBefore)}`);
  return parts.join(' AND ');
}

/** Whether a row was known: before the position of its source and partition. */
function withinSql(positions: Positions): string {
  const places = [...positions].map(([key, nextOffset]) => {
    const { source, partition } = placeOf(key);
    return `(source = ${sqlText(source)} AND source_partition = ${partition} AND source_offset < ${nextOffset})`;
  });
  return places.length === 0 ? 'false' : `(${places.join(' OR ')})`;
}

function foundSql(closings: readonly ClosedAt[]): string {
  const [first] = closings;
  if (first === undefined) return 'NULL';
  // The last closing that did not know the row is asked first.
  const cases = closings.toReversed().map(({ positions, closedAt }) => {
    const logged = `epoch_us(logged_at) // ${FOUND_MICROS} * ${FOUND_MICROS}`;
    return `WHEN NOT ${withinSql(positions)} THEN greatest(${logged}, ${closedAt})`;
  });
  return `CASE WHEN ${withinSql(first.positions)} THEN NULL ${cases.join(' ')} END`;
}

function momentSql(micros: bigint): string {
  return `TIMESTAMPTZ ${sqlText(timeToJson(micros))}`;
}

function useOf(row: Record<string, unknown>): MeteredUse {
  return {
    project: row['project'] as string | null,
    application: row['application'] as string,
    resource: row['resource'] as string,
    quotaId: row['quota_id'] as string,
    start: row['interval_start'] as bigint,
    used: row['used'] as bigint,
  };
}
