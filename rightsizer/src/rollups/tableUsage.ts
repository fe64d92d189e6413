import type { DuckDBConnection } from '@duckdb/node-api';
import { paidBySql } from '../table/payers.ts';
import type { Payers } from '../table/payers.ts';
import type { Positions, RowsFile, TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import type { UsageDatabase } from '../table/usageDatabase.ts';
import type { Span } from './cellPlan.ts';
import { filesNamed } from './cellWriter.ts';
import type { CellWriter } from './cellWriter.ts';
import { firstStep, mustBeProfiles, profilePages, readProfiles } from './demandProfiles.ts';
import type { ProfilePage, ProfileSources } from './demandProfiles.ts';
import { rowsAt } from './newRows.ts';
import { pagesOf } from './pages.ts';
import { haveSamples, percentilesOf, samplesSql } from './percentiles.ts';
import type { Cell, RollupIndex } from './rollupIndex.ts';
import type {
  DemandAsked,
  DemandProfile,
  DemandStep,
  PayerHour,
  PayersAsked,
  PayerUse,
  Percentiles,
  PercentilesAsked,
  ProfilesAsked,
  RolledUsage,
  UsedAsked,
  UsedSummary,
} from './rolledUsage.ts';
import {
  betweenSql,
  DAY_MICROS,
  everSql,
  HOUR_MICROS,
  mergedPayersSql,
  MINUTE_MICROS,
  minutesSql,
  payersSql,
  quotasSql,
  slotsSql,
  STEP_MICROS,
  stepMeasuresSql,
  stepsSql,
  timeSql,
} from './rollupSql.ts';

/** A window is a day long at most. */
const WINDOW_MICROS_MAX = DAY_MICROS;
/** Edges of one question: a year of days, and a price change a day. */
export const EDGES_MAX = 1_000;
/** Days that are summed up. */
const SUMMARY_DAYS = [1n, 7n, 30n] as const;
const EPOCH = 0n;
/** Beyond any time that a record may name: 9999-12-31. */
const FOR_EVER = 253_402_214_400_000_000n;

/** Roll-ups that stay as they are while a query reads them. */
export interface HeldIndex {
  readonly index: RollupIndex;
  release(): void;
}

export interface UsageSource {
  readonly database: UsageDatabase;
  readonly writer: CellWriter;
  /** Has all rows up to `positions`, and may have more. */
  readonly version: TableVersion;
  readonly positions: Positions;
  /**
   * Roll-ups of these positions, or of earlier ones, which the version's rows make up for where payers are
   * asked for. null: there are none, or no more; then the rows themselves answer.
   */
  hold(): HeldIndex | null;
}

/** What a query reads: SQL that stands for the minutes, or payers' hours, of a stretch of time. */
interface Material {
  readonly connection: DuckDBConnection;
  /** The cells that meet the span; null: rows alone. */
  readonly cells: readonly Cell[] | null;
  /** SQL of the table's rows up to the positions; only where files were asked for. */
  readonly rows: string;
  /** SQL of the rows that are not in the cells yet; null: all are. */
  readonly since: string | null;
}

/** Answers from roll-ups where there are any, and else from the rows; both say the same. */
export class TableUsage implements RolledUsage {
  readonly #source: UsageSource;
  readonly version: number;
  readonly snapshotId: bigint;

  constructor(source: UsageSource) {
    this.#source = source;
    this.version = source.version.version;
    this.snapshotId = source.version.snapshotId;
  }

  get positions(): Positions {
    return this.#source.positions;
  }

  async *payerHours({ from, to, payers }: PayersAsked): AsyncGenerator<readonly PayerHour[]> {
    mustBeWhole([from, to], HOUR_MICROS);
    yield* pagesOf<PayerHour>((give) =>
      this.#with({ from, to }, hasPayers, async (material) => {
        const hours = this.#payers(material, { from, to }, payers);
        await stream(
          material.connection,
          `SELECT project, application, quota_id, resource, epoch_us(hour) AS hour,
            used::HUGEINT AS used, refused::HUGEINT AS refused
          FROM ${hours} ORDER BY hour, project NULLS FIRST, quota_id, resource`,
          async (rows) => give(rows.map(payerHourOf)),
        );
      }),
    );
  }

  async *usedBetween({ edges, payers }: UsedAsked): AsyncGenerator<readonly PayerUse[]> {
    const [from, to] = [edges[0], edges.at(-1)];
    const isAscending = edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? edge));
    if (from === undefined || to === undefined || edges.length < 2 || !isAscending) {
      throw new RangeError('Edges are two or more, ascending.');
    }
    if (edges.length > EDGES_MAX) throw new RangeError(`Edges are at most ${EDGES_MAX}.`);
    const span = {
      from: floorTo(from, HOUR_MICROS),
      to: floorTo(to - 1n, HOUR_MICROS) + HOUR_MICROS,
    };
    const mixed = [
      ...new Set(
        edges.filter((edge) => edge % HOUR_MICROS !== 0n).map((edge) => floorTo(edge, HOUR_MICROS)),
      ),
    ];
    yield* pagesOf<PayerUse>((give) =>
      this.#with(
        span,
        hasPayers,
        async (material) => {
          const query = usedBetweenSql(
            this.#payers(material, span, payers, mixed),
            edges,
            mixed.length > 0,
          );
          await stream(material.connection, query, async (rows) => give(rows.map(payerUseOf)));
        },
        mixed,
      ),
    );
  }

  async *demand(asked: DemandAsked): AsyncGenerator<readonly DemandStep[]> {
    const { quotaIds, from, to, stepMicros, demandOf } = asked;
    if (quotaIds.length === 0 || to <= from) return;
    // A step that begins in [from, to) may end after it.
    const span = {
      from: floorTo(from + stepMicros - 1n, stepMicros),
      to: floorTo(to + stepMicros - 1n, stepMicros),
    };
    const isOfMinutes =
      stepMicros === MINUTE_MICROS || (demandOf === 'fleet' && stepMicros % MINUTE_MICROS === 0n);
    yield* pagesOf<DemandStep>((give) =>
      this.#with(span, isOfMinutes ? haveMinutes : hasNone, async (material) => {
        const slots = isOfMinutes
          ? this.#minutes(material, span, quotaIds)
          : `(SELECT *, make_timestamptz(slot_start) AS minute FROM (${slotsSql({ ...span, rows: material.rows, quotaIds }, stepMicros, true)}))`;
        await stream(material.connection, demandSql(slots, asked), async (rows) =>
          give(rows.map(demandStepOf)),
        );
      }),
    );
  }

  async *profiles(asked: ProfilesAsked): AsyncGenerator<readonly DemandProfile[]> {
    mustBeProfiles(asked);
    const { from, to, stepMicros, slotMicros } = asked;
    const pages = profilePages(asked);
    if (pages.length === 0) return;
    const stepsFrom = pages.map(firstStep).reduce((least, at) => (at < least ? at : least), to);
    const span = { from: from < stepsFrom ? from : stepsFrom, to };
    const isOfMinutes = stepMicros % MINUTE_MICROS === 0n;
    const isOfHours = stepMicros === STEP_MICROS && slotMicros === HOUR_MICROS;
    const enough = (cells: readonly Cell[], isBehind: boolean): boolean =>
      isOfMinutes &&
      !isBehind &&
      cells.every(
        ({ files, to: end }) =>
          files.minutes !== undefined ||
          (isOfHours && files.hours !== undefined && end <= stepsFrom),
      );
    yield* pagesOf<DemandProfile>((give) =>
      this.#with(span, enough, async (material) => {
        const read = (page: ProfilePage): Promise<DemandProfile[]> =>
          readProfiles(material.connection, page, this.#profileSources(material, page, isOfHours));
        let next: Promise<DemandProfile[]> | null = null;
        for (const [at, page] of pages.entries()) {
          const profiles = await (next ?? read(page));
          const following = pages[at + 1];
          next = following === undefined ? null : read(following);
          // The reader may stop here: what is being read is then waited for, and thrown away.
          await give(profiles).catch(async (error: unknown) => {
            await next?.catch(() => undefined);
            throw error;
          });
        }
      }),
    );
  }

  /** Slots from hours where there are any, and else, as steps, from minutes or whatever divides a step. */
  #profileSources(
    material: Material,
    { from, to, series, stepMicros, slotMicros }: ProfilePage,
    isOfHours: boolean,
  ): ProfileSources {
    const { cells, rows } = material;
    const between = [series[0]?.quotaId ?? '', series.at(-1)?.quotaId ?? ''] as const;
    const slotsTo = floorTo(to, slotMicros);
    const isRolled = (cell: Cell): boolean => isOfHours && cell.files.hours !== undefined;
    const steps = (span: Span, given: readonly Cell[] | null): string => {
      if (given === null) {
        const unit = stepMicros % MINUTE_MICROS === 0n ? MINUTE_MICROS : stepMicros;
        const slots = slotsSql({ rows, ...span, between }, unit, true);
        return stepsSql(
          `(SELECT *, make_timestamptz(slot_start) AS minute FROM (${slots}))`,
          stepMicros,
        );
      }
      const files = this.#source.writer.read(filesNamed(meeting(given, span), 'minutes'));
      return stepsSql(
        files === null
          ? NO_MINUTES
          : `(SELECT * FROM ${files} WHERE ${withinSql('minute', span)} AND ${betweenSql(between)})`,
        stepMicros,
      );
    };
    return {
      steps: (stepsFrom) => steps({ from: stepsFrom, to }, cells),
      slots: (measures) => {
        const hours = this.#source.writer.read(
          filesNamed(meeting((cells ?? []).filter(isRolled), { from, to: slotsTo }), 'hours'),
        );
        const others = cells && cells.filter((cell) => !isRolled(cell));
        const aggregated = measures.map((name) => `${stepMeasuresSql[name]} AS ${name}`).join(', ');
        const made = `SELECT quota_id, resource, step_start // ${slotMicros} * ${slotMicros} AS slot_start, ${aggregated}
          FROM (${steps({ from, to: slotsTo }, others)}) GROUP BY quota_id, resource, slot_start`;
        if (hours === null) return made;
        return `SELECT quota_id, resource, epoch_us(hour) AS slot_start, ${measures.join(', ')} FROM ${hours}
          WHERE zone IS NULL AND ${withinSql('hour', { from, to: slotsTo })} AND ${betweenSql(between)}
          UNION ALL BY NAME ${made}`;
      },
    };
  }

  async percentiles(asked: PercentilesAsked): Promise<readonly Percentiles[]> {
    const { quotaIds, from, to, demandOf, zone, quantiles } = asked;
    mustBeWhole([from, to], MINUTE_MICROS);
    if (quantiles.some((quantile) => !(quantile >= 0 && quantile <= 1))) {
      throw new RangeError('A quantile is between 0 and 1.');
    }
    if (quotaIds.length === 0 || to <= from) return [];
    let found: readonly Percentiles[] = [];
    const enough = (cells: readonly Cell[], isBehind: boolean): boolean =>
      !isBehind && haveSamples(cells, { from, to });
    await this.#with({ from, to }, enough, async (material) => {
      const samples = samplesSql({
        ...{ from, to, demandOf, zone: zone ?? null, cells: material.cells },
        read: (files) => this.#source.writer.read(files),
        minutes: (span) => this.#minutes(material, span, quotaIds),
        where: quotasSql(quotaIds),
      });
      const counted = await material.connection.runAndReadAll(samples);
      found = percentilesOf(counted.getRowObjects(), quantiles);
    });
    return found;
  }

  async *summary(now: bigint): AsyncGenerator<readonly UsedSummary[]> {
    const since = floorTo(now - SUMMARY_DAYS[2] * DAY_MICROS, HOUR_MICROS);
    const span = { from: since, to: FOR_EVER };
    yield* pagesOf<UsedSummary>((give) =>
      this.#with({ from: EPOCH, to: FOR_EVER }, areUpToDate, async (material, held) => {
        const { rows } = material;
        const ever = held?.index.ever ?? null;
        const known =
          material.cells !== null && ever !== null
            ? this.#source.writer.read([ever])
            : `(${everSql(`(${payersSql({ rows, from: EPOCH, to: FOR_EVER })})`)})`;
        const query = summarySql(known ?? '', this.#payers(material, span), now);
        await stream(material.connection, query, async (page) => give(page.map(summaryOf)));
      }),
    );
  }

  /** Minutes in [from, to). */
  #minutes({ cells, rows }: Material, { from, to }: Span, quotaIds: readonly string[]): string {
    const wanted = `minute >= ${timeSql(from)} AND minute < ${timeSql(to)} AND ${quotasSql(quotaIds)}`;
    if (cells === null) return `(${minutesSql({ rows, from, to, quotaIds }, true)})`;
    const files = this.#source.writer.read(filesNamed(meeting(cells, { from, to }), 'minutes'));
    return files === null ? NO_MINUTES : `(SELECT * FROM ${files} WHERE ${wanted})`;
  }

  /** Payers' hours in [from, to), one row an hour; those of `mixed` hours are rows of the table itself. */
  #payers(
    { cells, rows, since }: Material,
    { from, to }: Span,
    payers: Payers = { kind: 'everybody' },
    mixed: readonly bigint[] = [],
  ): string {
    const isPaid = paidBySql(payers);
    const isWhole = mixed.length === 0 ? 'true' : `hour NOT IN (${mixed.map(timeSql).join(', ')})`;
    const hoursOf = (given: string): string =>
      `SELECT * FROM (${payersSql({ rows: given, from, to, payers })}) WHERE ${isWhole}`;
    const files =
      cells && this.#source.writer.read(filesNamed(meeting(cells, { from, to }), 'payers'));
    const parts = [
      ...(cells === null ? [hoursOf(rows)] : []),
      ...(files === null
        ? []
        : [
            `SELECT * FROM ${files} WHERE hour >= ${timeSql(from)} AND hour < ${timeSql(to)} AND ${isPaid} AND ${isWhole}`,
          ]),
      ...(since === null ? [] : [hoursOf(since)]),
    ];
    const whole =
      parts.length === 0
        ? NO_PAYERS
        : `(${mergedPayersSql(`(${parts.join(' UNION ALL BY NAME ')})`)})`;
    if (mixed.length === 0) return whole;
    return `(SELECT *, NULL::TIMESTAMPTZ AS moment FROM ${whole} UNION ALL BY NAME
      SELECT project, split_part(quota_id, '/', 1) AS application, quota_id, resource, window_start AS moment,
        used::DECIMAL(38, 0) AS used, refused::DECIMAL(38, 0) AS refused,
        CASE WHEN used > 0 THEN window_start END AS used_from, CASE WHEN used > 0 THEN window_end END AS used_until
      FROM ${rows} WHERE resource <> '' AND ${isPaid}
        AND (${mixed.map((hour) => `(window_start >= ${timeSql(hour)} AND window_start < ${timeSql(hour + HOUR_MICROS)})`).join(' OR ')}))`;
  }

  /**
   * Gives a query what it reads: cells where there are roll-ups that still have what it needs, the rows of
   * the mixed hours and those that came since; else rows of the whole span.
   */
  async #with(
    span: Span,
    isEnough: (cells: readonly Cell[], isBehind: boolean) => boolean,
    work: (material: Material, held: HeldIndex | null) => Promise<void>,
    mixed: readonly bigint[] = [],
  ): Promise<void> {
    const held = this.#source.hold();
    try {
      const behind =
        held && !samePositions(held.index.positions, this.#source.positions) ? held.index : null;
      const meant = held && meeting(held.index.cells, span);
      const cells = meant && isEnough(meant, behind !== null) ? meant : null;
      const files =
        cells === null ? await this.#filesOf(span) : await this.#rowsOf(mixed, span, behind);
      await this.#scan(files, (rows, connection) => {
        const since = cells && behind && rowsAt(rows, behind.positions, 'after');
        return work({ connection, rows, cells, since }, held);
      });
    } finally {
      held?.release();
    }
  }

  /** Files of these hours, and those that roll-ups which are behind have not read. */
  async #rowsOf(
    hours: readonly bigint[],
    span: Span,
    behind: RollupIndex | null,
  ): Promise<readonly RowsFile[]> {
    const files = behind === null ? [] : await this.#filesOf(span);
    const found = new Map(
      files.filter(({ key }) => behind?.read.has(key) !== true).map((file) => [file.key, file]),
    );
    for (const from of hours) {
      for (const file of await this.#filesOf({ from, to: from + HOUR_MICROS })) {
        found.set(file.key, file);
      }
    }
    return [...found.values()];
  }

  #filesOf({ from, to }: Span): Promise<readonly RowsFile[]> {
    return this.#source.version.files({ from: from - WINDOW_MICROS_MAX, to });
  }

  async #scan(
    files: readonly RowsFile[],
    work: (rows: string, connection: DuckDBConnection) => Promise<void>,
  ): Promise<void> {
    const { version, database, positions } = this.#source;
    if (files.length > 0) {
      return version.scan(files, async (rows, connection) => {
        const isAll = samePositions(positions, version.positions);
        await work(isAll ? rows : rowsAt(rows, positions, 'before'), connection);
      });
    }
    const connection = await database.connect();
    try {
      await work(NO_ROWS, connection);
    } finally {
      connection.closeSync();
    }
  }
}

/** Payers' hours are kept for ever. */
const hasPayers = (): boolean => true;
const hasNone = (): boolean => false;
const areUpToDate = (_cells: readonly Cell[], isBehind: boolean): boolean => !isBehind;
const haveMinutes = (cells: readonly Cell[], isBehind: boolean): boolean =>
  !isBehind && cells.every(({ files }) => files.minutes !== undefined);

export function samePositions(left: Positions, right: Positions): boolean {
  return left.size === right.size && [...left].every(([key, next]) => right.get(key) === next);
}

const withinSql = (column: string, { from, to }: Span): string =>
  `${column} >= ${timeSql(from)} AND ${column} < ${timeSql(to)}`;

const floorTo = (time: bigint, length: bigint): bigint => {
  const rest = time % length;
  return rest < 0n ? time - rest - length : time - rest;
};

const meeting = (cells: readonly Cell[], { from, to }: Span): Cell[] =>
  cells.filter((cell) => cell.from < to && cell.to > from);

function mustBeWhole(times: readonly bigint[], length: bigint): void {
  if (times.some((time) => time % length !== 0n)) {
    throw new RangeError(`Times must be multiples of ${length} microseconds.`);
  }
}

const typed = (columns: Readonly<Record<string, string>>): string =>
  `(SELECT ${Object.entries(columns)
    .map(([name, type]) => `NULL::${type} AS ${name}`)
    .join(', ')} WHERE false)`;

const NO_ROWS = typed({
  ...{ source: 'VARCHAR', source_partition: 'INTEGER', source_offset: 'BIGINT' },
  ...{ host_id: 'VARCHAR', quota_id: 'VARCHAR', project: 'VARCHAR', resource: 'VARCHAR' },
  ...{ window_start: 'TIMESTAMPTZ', window_end: 'TIMESTAMPTZ', zone: 'VARCHAR' },
  ...{
    used: 'BIGINT',
    refused: 'BIGINT',
    queued: 'BIGINT',
    peak: 'BIGINT',
    trial_refused: 'BIGINT',
  },
});
const NO_MINUTES = `(${minutesSql({ rows: NO_ROWS, from: 0n, to: 0n }, false)})`;
const NO_PAYERS = `(${payersSql({ rows: NO_ROWS, from: 0n, to: 0n })})`;

function usedBetweenSql(payers: string, edges: readonly bigint[], isMixed: boolean): string {
  const starts = edges.slice(0, -1).map((edge, index) => `(${edge}, ${index})`);
  const last = edges.at(-1) ?? 0n;
  return `
    WITH parts AS (SELECT *, epoch_us(${isMixed ? 'coalesce(moment, hour)' : 'hour'}) AS micros FROM ${payers})
    SELECT project, application, quota_id, resource, place,
      sum(used)::HUGEINT AS used, sum(refused)::HUGEINT AS refused,
      epoch_us(min(used_from)) AS used_from, epoch_us(max(used_until)) AS used_until
    FROM parts ASOF JOIN (VALUES ${starts.join(', ')}) intervals(start, place) ON micros >= start
    WHERE micros < ${last}
    GROUP BY project, application, quota_id, resource, place
    ORDER BY project NULLS FIRST, place, application, resource, quota_id`;
}

/** Of a fleet, the highest sum in one minute of each host's highest. */
function demandSql(minutes: string, { from, to, stepMicros, demandOf, zone }: DemandAsked): string {
  const columns =
    demandOf === 'host'
      ? `max(host_demand) AS wanted, max(host_refused) AS refused, max(host_queued) AS queued, max(host_peak) AS peak`
      : `sum(used + refused) AS wanted, sum(refused) AS refused, sum(queued) AS queued, sum(peak) AS peak`;
  const across = demandOf === 'host' ? 'max' : 'sum';
  return `
    SELECT quota_id, resource, step_start, (${across}(wanted)::HUGEINT * 1000000) AS wanted,
      (${across}(refused)::HUGEINT * 1000000) AS refused, (${across}(queued)::HUGEINT * 1000000) AS queued,
      max(peak)::HUGEINT AS peak
    FROM (
      SELECT quota_id, resource, epoch_us(minute) // ${stepMicros} * ${stepMicros} AS step_start, ${columns}
      FROM ${minutes} ${zone === undefined ? '' : `WHERE zone = ${sqlText(zone)}`}
      GROUP BY quota_id, resource, minute
    )
    WHERE step_start >= ${from} AND step_start < ${to}
    GROUP BY quota_id, resource, step_start ORDER BY quota_id, resource, step_start`;
}

function summarySql(ever: string, payers: string, now: bigint): string {
  const sums = SUMMARY_DAYS.flatMap((days) => {
    const since = timeSql(floorTo(now - days * DAY_MICROS, HOUR_MICROS));
    return ['used', 'refused'].map(
      (column) => `sum(${column}) FILTER (hour >= ${since}) AS ${column}_${days}`,
    );
  });
  const names = SUMMARY_DAYS.flatMap((days) => [`used_${days}`, `refused_${days}`]);
  return `
    WITH sums AS (
      SELECT quota_id, resource, max(peak) AS peak, ${sums.join(', ')}
      FROM ${payers} GROUP BY quota_id, resource
    )
    SELECT ever.application, ever.quota_id, ever.resource,
      epoch_us(reported_from) AS first_reported, epoch_us(reported_until) AS last_reported,
      epoch_us(used_until) AS last_used, coalesce(peak, 0) AS peak,
      ${names.map((name) => `coalesce(${name}, 0)::HUGEINT AS ${name}`).join(', ')}
    FROM ${ever} ever LEFT JOIN sums USING (quota_id, resource) ORDER BY quota_id, resource`;
}

type Row = Readonly<Record<string, unknown>>;

async function stream(
  connection: DuckDBConnection,
  sql: string,
  give: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRowObjects()) await give(rows);
}

function payerOf(row: Row): Omit<PayerHour, 'hour'> {
  return {
    project: row['project'] as string | null,
    application: row['application'] as string,
    quotaId: row['quota_id'] as string,
    resource: row['resource'] as string,
    used: row['used'] as bigint,
    refused: row['refused'] as bigint,
  };
}

function payerHourOf(row: Row): PayerHour {
  return { ...payerOf(row), hour: row['hour'] as bigint };
}

function payerUseOf(row: Row): PayerUse {
  return {
    ...payerOf(row),
    index: row['place'] as number,
    usedFrom: row['used_from'] as bigint | null,
    usedUntil: row['used_until'] as bigint | null,
  };
}

function demandStepOf(row: Row): DemandStep {
  return {
    quotaId: row['quota_id'] as string,
    resource: row['resource'] as string,
    start: row['step_start'] as bigint,
    wantedMicros: row['wanted'] as bigint,
    refusedMicros: row['refused'] as bigint,
    queuedMicros: row['queued'] as bigint,
    peak: row['peak'] as bigint,
  };
}

function summaryOf(row: Row): UsedSummary {
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
