import type { DuckDBConnection } from '@duckdb/node-api';
import path from 'node:path';
import type { Manifest } from './manifest.ts';
import { ManifestStore } from './manifestStore.ts';
import type { Positions, RowsFile, TableVersion } from './tableVersion.ts';
import { sqlText } from './usageDatabase.ts';
import type { TablePlaces, UsageDatabase } from './usageDatabase.ts';

/** The price of one resource from a moment on, as far as a query needs it. */
export interface PriceStart {
  readonly application: string;
  readonly resource: string;
  /** Microseconds, inclusive. */
  readonly effectiveFrom: bigint;
  /** Comes back with the line it applies to. */
  readonly index: number;
}

/** What a project used of one resource under one price. */
export interface UsedLine {
  readonly application: string;
  readonly resource: string;
  /** null: no price was in force. */
  readonly priceIndex: number | null;
  readonly used: bigint;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
}

/**
 * `fleet`: hosts add up, for a limit that they share out. `host`: the one with the most counts, for a
 * limit that each host holds by itself.
 */
export type DemandOf = 'host' | 'fleet';

/** What one quota saw of one resource in one step of time; amounts in millionths, exact to the step's cut. */
export interface DemandStep {
  readonly quotaId: string;
  readonly resource: string;
  readonly start: bigint;
  /** Let through and refused. */
  readonly wantedMicros: bigint;
  readonly refusedMicros: bigint;
  readonly queuedMicros: bigint;
  /** Of a fleet the sum of each host's highest: an upper bound of what was there at once. */
  readonly peak: bigint;
}

/** What the table knows of one quota and one resource. */
export interface UsedSummary {
  readonly application: string;
  readonly quotaId: string;
  readonly resource: string;
  /** Where the first window begins and the last one ends, microseconds. */
  readonly firstReportedAt: bigint;
  readonly lastReportedAt: bigint;
  /** Where the last window ends in which anything was used; null: none was. */
  readonly lastUsedAt: bigint | null;
  /** Of the last day, the last 7 and the last 30, base units; those of concurrency and capacity in unit-seconds. */
  readonly used: readonly [day: bigint, week: bigint, month: bigint];
  readonly refused: readonly [day: bigint, week: bigint, month: bigint];
  /** The highest that one host had at once within 30 days. */
  readonly peak: bigint;
}

const DAY_MICROS = 86_400_000_000n;
/** Days that are summed up. */
const SUMMARY_DAYS = [1n, 7n, 30n] as const;

/** Opens the newest version of the table, again and again. */
export class UsageReader {
  readonly #database: UsageDatabase;
  readonly #places: TablePlaces;
  readonly #store: ManifestStore;

  constructor(database: UsageDatabase, places: TablePlaces) {
    this.#database = database;
    this.#places = places;
    this.#store = new ManifestStore(places.manifests);
  }

  /** null: nothing has been written yet. @throws TableFault MANIFEST_BROKEN */
  async newest(): Promise<UsageSnapshot | null> {
    const manifest = await this.#store.newest();
    return manifest && new UsageSnapshot(this.#database, this.#places, manifest);
  }
}

/**
 * The table as one manifest names it. Every query counts each usage id (host, boot, sequence) of an
 * application once: of a record that a host sent twice, the one that comes first in the log. Both
 * carry the same window, so looking among the rows of the time that is asked for finds them. Hosts
 * choose their names themselves, so an id of one application says nothing about another's usage.
 */
export class UsageSnapshot implements TableVersion {
  readonly #database: UsageDatabase;
  readonly #places: TablePlaces;
  readonly manifest: Manifest;

  constructor(database: UsageDatabase, places: TablePlaces, manifest: Manifest) {
    this.#database = database;
    this.#places = places;
    this.manifest = manifest;
  }

  get version(): number {
    return this.manifest.version;
  }

  get snapshotId(): bigint {
    return BigInt(this.manifest.version);
  }

  get positions(): Positions {
    const { topic, partitions } = this.manifest;
    return new Map(
      [...partitions].map(([partition, { nextOffset }]) => [
        `${topic.name}/${partition}`,
        nextOffset,
      ]),
    );
  }

  files(bounds?: { from: bigint; to: bigint }): Promise<readonly RowsFile[]> {
    const all = this.manifest.ranges.map(({ usage }) => usage).filter((usage) => usage !== null);
    const { from, to } = bounds ?? { from: null, to: null };
    const wanted = all.filter(
      ({ windowStart, windowEnd }) => from === null || (windowStart < to && windowEnd > from),
    );
    return Promise.resolve(wanted.map(({ name, ...file }) => ({ key: `data/${name}`, ...file })));
  }

  async scan<T>(
    files: readonly RowsFile[],
    work: (rows: string, connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    const paths = files.map(({ key }) => sqlText(path.join(this.#places.root, key)));
    const connection = await this.#database.connect();
    try {
      return await work(`read_parquet([${paths.join(', ')}])`, connection);
    } finally {
      connection.closeSync();
    }
  }

  /** Usage whose window starts in [from, to), by resource and by the price in force at that start. */
  async usedBy(
    project: string,
    from: bigint,
    to: bigint,
    prices: readonly PriceStart[],
  ): Promise<UsedLine[]> {
    const counted = this.#counted(from, to);
    if (counted === null) return [];
    const rows = await this.#query(`
      WITH counted AS (${counted}), prices(application, resource, effective_from, price_index) AS (
        ${pricesSql(prices)}
      )
      SELECT u.application, u.resource, p.price_index, sum(u.used) AS used,
        min(epoch_us(u.window_start)) AS window_start, max(epoch_us(u.window_end)) AS window_end
      FROM counted u ASOF LEFT JOIN prices p
        ON u.application = p.application AND u.resource = p.resource
          AND epoch_us(u.window_start) >= p.effective_from
      WHERE u.project = ${sqlText(project)} AND u.used > 0
      GROUP BY ALL ORDER BY ALL`);
    return rows.map((row) => ({
      application: row['application'] as string,
      resource: row['resource'] as string,
      priceIndex: row['price_index'] as number | null,
      used: row['used'] as bigint,
      windowStart: row['window_start'] as bigint,
      windowEnd: row['window_end'] as bigint,
    }));
  }

  /** The latest end of a usage window by application, among windows that end after `since`. */
  async newestUsage(since: bigint): Promise<ReadonlyMap<string, bigint>> {
    const source = this.#source((range) => range.windowEnd > since);
    if (source === null) return new Map();
    const rows = await this.#query(`
      SELECT application, max(epoch_us(window_end)) AS newest FROM ${source}
      WHERE epoch_us(window_end) > ${since} GROUP BY application`);
    return new Map(rows.map((row) => [row['application'] as string, row['newest'] as bigint]));
  }

  /**
   * The usage of the given quotas in steps of time, by quota, resource and time. A window that
   * reaches over several steps is spread evenly over its length.
   */
  async *demand(
    quotaIds: readonly string[],
    from: bigint,
    to: bigint,
    stepMicros: bigint,
    demandOf: DemandOf,
  ): AsyncGenerator<DemandStep> {
    // A window of a day at most may reach in from before.
    const counted = this.#counted(from - 86_400_000_000n, to);
    if (counted === null || quotaIds.length === 0) return;
    const connection = await this.#database.connect();
    try {
      const result = await connection.stream(
        demandSql(counted, quotaIds, { from, to, stepMicros, demandOf }),
      );
      for await (const rows of result.yieldRowObjects()) {
        for (const row of rows) {
          yield {
            quotaId: row['quota_id'] as string,
            resource: row['resource'] as string,
            start: row['step_start'] as bigint,
            wantedMicros: row['wanted'] as bigint,
            refusedMicros: row['refused'] as bigint,
            queuedMicros: row['queued'] as bigint,
            peak: row['peak'] as bigint,
          };
        }
      }
    } finally {
      connection.closeSync();
    }
  }

  /** By quota and resource, of whatever the table has; sums are of windows that begin in the days before `now`. */
  async *summary(now: bigint): AsyncGenerator<readonly UsedSummary[]> {
    const source = this.#source(() => true);
    if (source === null) return;
    const counted = this.#counted(now - SUMMARY_DAYS[2] * DAY_MICROS, now + DAY_MICROS);
    const connection = await this.#database.connect();
    try {
      const result = await connection.stream(summarySql(source, counted ?? NO_USAGE, now));
      for await (const rows of result.yieldRowObjects()) yield rows.map(summaryOf);
    } finally {
      connection.closeSync();
    }
  }

  /** For a person or a test: any query over `usage` (as counted) and `usage_rows` (as logged). */
  async ask(sql: string): Promise<Record<string, unknown>[]> {
    const source = this.#source(() => true);
    if (source === null) return [];
    return this.#query(
      `WITH usage_rows AS (SELECT * FROM ${source}), usage AS (SELECT * FROM usage_rows ${firstOfId}) ${sql}`,
    );
  }

  #counted(from: bigint, to: bigint): string | null {
    const source = this.#source((range) => range.windowStart < to && range.windowEnd > from);
    if (source === null) return null;
    return `SELECT * FROM ${source}
      WHERE epoch_us(window_start) >= ${from} AND epoch_us(window_start) < ${to} ${firstOfId}`;
  }

  #source(matches: (bounds: { windowStart: bigint; windowEnd: bigint }) => boolean): string | null {
    const files = this.manifest.ranges
      .map((range) => range.usage)
      .filter((usage) => usage !== null)
      .filter(matches)
      .map((usage) => sqlText(path.join(this.#places.data, usage.name)));
    return files.length === 0 ? null : `read_parquet([${files.join(', ')}])`;
  }

  async #query(sql: string): Promise<Record<string, unknown>[]> {
    const connection: DuckDBConnection = await this.#database.connect();
    try {
      return (await connection.runAndReadAll(sql)).getRowObjects();
    } finally {
      connection.closeSync();
    }
  }
}

const firstOfId = `QUALIFY row_number() OVER (
  PARTITION BY application, host_id, boot_id, sequence, resource ORDER BY source_partition, source_offset) = 1`;

/** Usage whose windows lie outside the time that is summed up. */
const NO_USAGE =
  `SELECT ''::VARCHAR AS quota_id, ''::VARCHAR AS resource, 0::BIGINT AS used, 0::BIGINT AS refused, ` +
  '0::BIGINT AS peak, now() AS window_start WHERE false';

/** When it was used needs no counting once: a record that was sent again says the same. */
function summarySql(source: string, counted: string, now: bigint): string {
  const sums = SUMMARY_DAYS.flatMap((days) =>
    ['used', 'refused'].map(
      (column) =>
        `coalesce(sum(${column}) FILTER (epoch_us(window_start) >= ${now - days * DAY_MICROS}), 0)::HUGEINT AS ${column}_${days}`,
    ),
  );
  const names = SUMMARY_DAYS.flatMap((days) => [`used_${days}`, `refused_${days}`]);
  return `
    WITH sums AS (
      SELECT quota_id, resource, max(peak) AS peak, ${sums.join(', ')}
      FROM (${counted}) GROUP BY quota_id, resource
    ),
    ever AS (
      SELECT application, quota_id, resource, min(epoch_us(window_start)) AS first_reported,
        max(epoch_us(window_end)) AS last_reported,
        max(epoch_us(window_end)) FILTER (used > 0) AS last_used
      FROM ${source} WHERE resource <> '' AND starts_with(quota_id, application || '/') GROUP BY ALL
    )
    SELECT ever.*, coalesce(peak, 0) AS peak,
      ${names.map((name) => `coalesce(${name}, 0)::HUGEINT AS ${name}`).join(', ')}
    FROM ever LEFT JOIN sums USING (quota_id, resource) ORDER BY quota_id, resource`;
}

function summaryOf(row: Record<string, unknown>): UsedSummary {
  const sums = (column: string) =>
    SUMMARY_DAYS.map((days) => row[`${column}_${days}`] as bigint) as [bigint, bigint, bigint];
  return {
    application: row['application'] as string,
    quotaId: row['quota_id'] as string,
    resource: row['resource'] as string,
    firstReportedAt: row['first_reported'] as bigint,
    lastReportedAt: row['last_reported'] as bigint,
    lastUsedAt: row['last_used'] as bigint | null,
    used: sums('used'),
    refused: sums('refused'),
    peak: row['peak'] as bigint,
  };
}

function pricesSql(prices: readonly PriceStart[]): string {
  if (prices.length === 0) {
    return `SELECT ''::VARCHAR, ''::VARCHAR, 0::BIGINT, 0::INTEGER WHERE false`;
  }
  const rows = prices.map(
    ({ application, resource, effectiveFrom, index }) =>
      `(${sqlText(application)}, ${sqlText(resource)}, ${effectiveFrom}::BIGINT, ${index}::INTEGER)`,
  );
  return `VALUES ${rows.join(', ')}`;
}

/** Products are taken in 128 bits: an amount is at most 2^60, a window's length below 2^37. */
function demandSql(
  counted: string,
  quotaIds: readonly string[],
  {
    from,
    to,
    stepMicros,
    demandOf,
  }: { from: bigint; to: bigint; stepMicros: bigint; demandOf: DemandOf },
): string {
  const across = (columns: string): string =>
    `${demandOf === 'host' ? 'max' : 'sum'}(${columns})::HUGEINT`;
  const amount = (column: string): string =>
    `sum((${column}::HUGEINT * 1000000 * overlap) // (window_end - window_start)) AS ${column}`;
  return `
    WITH counted AS (${counted}),
    spread AS (
      SELECT quota_id, resource, host_id, used, refused, queued, peak,
        epoch_us(window_start) AS window_start, epoch_us(window_end) AS window_end,
        unnest(generate_series(
          epoch_us(window_start) // ${stepMicros}, (epoch_us(window_end) - 1) // ${stepMicros}
        )) * ${stepMicros} AS step_start
      FROM counted
      WHERE resource <> '' AND quota_id IN (${quotaIds.map(sqlText).join(', ')})
    ),
    by_host AS (
      SELECT quota_id, resource, step_start, max(peak)::HUGEINT AS peak,
        ${amount('used')}, ${amount('refused')}, ${amount('queued')}
      FROM (
        SELECT *, least(window_end, step_start + ${stepMicros})
          - greatest(window_start, step_start) AS overlap FROM spread
      )
      WHERE step_start >= ${from} AND step_start < ${to}
      GROUP BY quota_id, resource, step_start, host_id
    )
    SELECT quota_id, resource, step_start, ${across('used + refused')} AS wanted,
      ${across('refused')} AS refused, ${across('queued')} AS queued, ${across('peak')} AS peak
    FROM by_host GROUP BY quota_id, resource, step_start ORDER BY ALL`;
}
