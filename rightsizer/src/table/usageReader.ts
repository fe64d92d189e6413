import { IcebergTable } from '../iceberg/icebergTable.ts';
import type { TableState } from '../iceberg/metadataVersions.ts';
import { currentSnapshot, snapshotWith } from '../iceberg/tableMetadata.ts';
import type { Long, Snapshot } from '../iceberg/tableMetadata.ts';
import { OFFSETS_NOTE, offsetsFromText, offsetsOf } from './positions.ts';
import type { PartitionPositions } from './positions.ts';
import { quarantineForm, usageForm } from './rowForms.ts';
import { TableFault } from './tableFault.ts';
import { SnapshotRows } from './snapshotRows.ts';
import type { SnapshotPlace, SnapshotSource } from './snapshotRows.ts';
import type { Positions, RowsFile } from './tableVersion.ts';
import { sqlText } from './usageDatabase.ts';
import type { TablePlaces, UsageDatabase } from './usageDatabase.ts';
import { positionsOf, refuseOldForm, topicOf, VERSION_SUMMARY } from './usageTable.ts';
import type { TopicIdentity } from './usageTable.ts';

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

/** Opens versions of the tables, again and again. */
export class UsageReader {
  readonly #places: TablePlaces;
  readonly #usage: SnapshotSource;
  readonly #quarantine: SnapshotSource;

  constructor(database: UsageDatabase, places: TablePlaces) {
    const { storage } = places;
    this.#places = places;
    this.#usage = {
      database,
      storage,
      table: new IcebergTable({ storage, name: usageForm.name }),
      startColumn: 'window_start',
      endColumn: 'window_end',
    };
    this.#quarantine = {
      database,
      storage,
      table: new IcebergTable({ storage, name: quarantineForm.name }),
      startColumn: 'logged_at',
      endColumn: 'logged_at',
    };
  }

  /** null: nothing has been written yet. @throws TableFault TABLE_FORMAT_OLD | METADATA_BROKEN | STORAGE_UNAVAILABLE */
  async newest(): Promise<UsageSnapshot | null> {
    const state = await this.#usage.table.newest();
    if (state === null) {
      await refuseOldForm(this.#places);
      return null;
    }
    const partitions = positionsOf(state);
    return new UsageSnapshot(this.#usage, {
      ...newestPlace(state, offsetsOf(partitions)),
      partitions,
    });
  }

  /** One that is still kept. @throws TableFault SNAPSHOT_EXPIRED, and what `newest` throws */
  async at(snapshotId: bigint): Promise<UsageSnapshot> {
    const { table } = this.#usage;
    const state = await table.newest();
    const snapshot = state && snapshotWith(state.metadata, snapshotId);
    if (state === null || snapshot === null) {
      throw new TableFault('SNAPSHOT_EXPIRED', `the snapshot ${snapshotId} is no longer kept`);
    }
    const positions = await offsetsAt(table, state, snapshot);
    const version = Number(snapshot.summary[VERSION_SUMMARY] ?? state.version);
    const partitions = positionsOf(state);
    return new UsageSnapshot(this.#usage, { version, state, snapshot, positions, partitions });
  }

  /** Records that were not counted. Its rows' time is when they were logged; null: nothing has been written yet. */
  async quarantine(): Promise<SnapshotRows | null> {
    const state = await this.#quarantine.table.newest();
    if (state === null) return null;
    return new SnapshotRows(this.#quarantine, newestPlace(state, offsetsOf(positionsOf(state))));
  }
}

function newestPlace(state: TableState, positions: Positions): SnapshotPlace {
  const snapshot = currentSnapshot(state.metadata);
  return { version: state.version, state, snapshot, positions };
}

/** What another engine commits says nothing of positions: then those before it are still the ones. */
async function offsetsAt(
  table: IcebergTable,
  state: TableState,
  snapshot: Snapshot,
): Promise<Positions> {
  let at: Snapshot | null = snapshot;
  while (at !== null) {
    const note = (await table.manifests(state.metadata, at)).notes[OFFSETS_NOTE];
    if (note !== undefined) return offsetsFromText(note);
    const parent: Long | undefined = at['parent-snapshot-id'];
    at = parent === undefined ? null : snapshotWith(state.metadata, BigInt(parent));
  }
  throw new TableFault('SNAPSHOT_EXPIRED', 'no snapshot is left that says where it stood');
}

export interface UsagePlace extends SnapshotPlace {
  /** Of the newest version. */
  readonly partitions: PartitionPositions;
}

/** The table as one version names it. Its rows are distinct: the sink counts each usage id once. */
export class UsageSnapshot extends SnapshotRows {
  readonly topic: TopicIdentity | null;
  /** Where the newest version stands with each partition of each source. */
  readonly partitions: PartitionPositions;

  constructor(source: SnapshotSource, place: UsagePlace) {
    super(source, place);
    this.topic = topicOf(place.state.metadata);
    this.partitions = place.partitions;
  }

  /** Usage whose window starts in [from, to), by resource and by the price in force at that start. */
  async usedBy(
    project: string,
    from: bigint,
    to: bigint,
    prices: readonly PriceStart[],
  ): Promise<UsedLine[]> {
    const rows = await this.#query(
      { from, to },
      (source) => `
      WITH counted AS (${countedSql(source, from, to)}), prices(application, resource, effective_from, price_index) AS (
        ${pricesSql(prices)}
      )
      SELECT u.application, u.resource, p.price_index, sum(u.used) AS used,
        min(epoch_us(u.window_start)) AS window_start, max(epoch_us(u.window_end)) AS window_end
      FROM counted u ASOF LEFT JOIN prices p
        ON u.application = p.application AND u.resource = p.resource
          AND epoch_us(u.window_start) >= p.effective_from
      WHERE u.project = ${sqlText(project)} AND u.used > 0
      GROUP BY ALL ORDER BY ALL`,
    );
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
    const rows = await this.#query(
      { from: since, to: END_OF_TIME },
      (source) => `
      SELECT application, max(epoch_us(window_end)) AS newest FROM ${source}
      WHERE epoch_us(window_end) > ${since} GROUP BY application`,
    );
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
    if (quotaIds.length === 0) return;
    // A window of a day at most may reach in from before.
    const since = from - DAY_MICROS;
    const files = await this.files({ from: since, to });
    const chunks = this.#stream(files, (source) =>
      demandSql(countedSql(source, since, to), quotaIds, { from, to, stepMicros, demandOf }),
    );
    for await (const rows of chunks) {
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
  }

  /** By quota and resource, of whatever the table has; sums are of windows that begin in the days before `now`. */
  async *summary(now: bigint): AsyncGenerator<readonly UsedSummary[]> {
    const since = now - SUMMARY_DAYS[2] * DAY_MICROS;
    const chunks = this.#stream(await this.files(), (source) =>
      summarySql(source, countedSql(source, since, now + DAY_MICROS), now),
    );
    for await (const rows of chunks) yield rows.map(summaryOf);
  }

  /** For a person or a test: any query over `usage`. */
  ask(sql: string): Promise<Record<string, unknown>[]> {
    return this.#query(undefined, (source) => `WITH usage AS (SELECT * FROM ${source}) ${sql}`);
  }

  async #query(
    bounds: { from: bigint; to: bigint } | undefined,
    sqlOf: (source: string) => string,
  ): Promise<Record<string, unknown>[]> {
    return this.scan(await this.files(bounds), async (source, connection) =>
      (await connection.runAndReadAll(sqlOf(source))).getRowObjects(),
    );
  }

  /** The files stay readable until the last row has been taken, or the caller has stopped asking. */
  async *#stream(
    files: readonly RowsFile[],
    sqlOf: (source: string) => string,
  ): AsyncGenerator<readonly Record<string, unknown>[]> {
    const opened = await this.open(files);
    try {
      const result = await opened.connection.stream(sqlOf(opened.rows));
      yield* result.yieldRowObjects();
    } finally {
      opened.close();
    }
  }
}

/** Rows whose windows start in [from, to). */
function countedSql(source: string, from: bigint, to: bigint): string {
  return `SELECT * FROM ${source}
    WHERE epoch_us(window_start) >= ${from} AND epoch_us(window_start) < ${to}`;
}

/** After every window: microseconds. */
const END_OF_TIME = 2n ** 62n;

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
