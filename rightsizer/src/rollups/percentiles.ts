import { sqlText } from '../table/usageDatabase.ts';
import type { Span } from './cellPlan.ts';
import type { Cell, FileKind, RollupFile } from './rollupIndex.ts';
import type { DemandOf, Percentiles } from './rolledUsage.ts';
import { DAY_MICROS, HOUR_MICROS, timeSql } from './rollupSql.ts';
import { bucketSql, valueAt } from './sketch.ts';
import type { BucketCount } from './sketch.ts';

export interface SamplesAsked extends Span {
  readonly demandOf: DemandOf;
  readonly zone: string | null;
  /** Those that meet the span; null: there are only rows. */
  readonly cells: readonly Cell[] | null;
  readonly read: (files: readonly RollupFile[]) => string | null;
  /** SQL: the minutes of a span. */
  readonly minutes: (span: Span) => string;
  /** SQL: which rows. */
  readonly where: string;
}

/** A stretch and the longest roll-up that has it whole. */
interface Stretch extends Span {
  readonly kind: Extract<FileKind, 'minutes' | 'hours' | 'days'>;
  readonly file: RollupFile | null;
}

/**
 * SQL: by quota, resource and bucket, in how many minutes the demand lay in it. Days and hours that lie
 * whole in the span give their sketches, and its edges their minutes: counts add up exactly.
 */
export function samplesSql(asked: SamplesAsked): string {
  const { from, to, cells } = asked;
  const stretches =
    cells === null
      ? [{ kind: 'minutes' as const, file: null, from, to }]
      : cells.flatMap((cell) => stretchesOf(cell, asked));
  const parts = stretches.map((stretch) =>
    stretch.kind === 'minutes' ? minuteSamples(stretch, asked) : sketchSamples(stretch, asked),
  );
  const samples = parts.length === 0 ? [minuteSamples({ from, to: from }, asked)] : parts;
  return `
    SELECT quota_id, resource, bucket, sum(minutes)::BIGINT AS minutes, max(top)::HUGEINT AS top
    FROM (${samples.join(' UNION ALL ')})
    GROUP BY quota_id, resource, bucket ORDER BY quota_id, resource, bucket`;
}

/** Whether the cells still have the minutes that the edges of the span need. */
export function haveSamples(cells: readonly Cell[], span: Span): boolean {
  return cells.every(
    (cell) =>
      cell.files.minutes !== undefined ||
      stretchesOf(cell, span).every(({ kind }) => kind !== 'minutes'),
  );
}

function stretchesOf(cell: Cell, asked: Span): Stretch[] {
  const from = cell.from > asked.from ? cell.from : asked.from;
  const to = cell.to < asked.to ? cell.to : asked.to;
  const { hours, days } = cell.files;
  if (days !== undefined && to - from === DAY_MICROS)
    return [{ from, to, kind: 'days', file: days }];
  const first = ((from + HOUR_MICROS - 1n) / HOUR_MICROS) * HOUR_MICROS;
  const last = (to / HOUR_MICROS) * HOUR_MICROS;
  if (hours === undefined || first >= last) return [{ from, to, kind: 'minutes', file: null }];
  const stretches: Stretch[] = [
    { from, to: first, kind: 'minutes', file: null },
    { from: first, to: last, kind: 'hours', file: hours },
    { from: last, to, kind: 'minutes', file: null },
  ];
  return stretches.filter((stretch) => stretch.from < stretch.to);
}

function sketchSamples(stretch: Stretch, { demandOf, zone, read, where }: SamplesAsked): string {
  const name = stretch.kind.slice(0, -1);
  const source = read(stretch.file === null ? [] : [stretch.file]) ?? '';
  return `
    SELECT quota_id, resource, unnest(map_keys(${demandOf}_spread)) AS bucket,
      unnest(map_values(${demandOf}_spread)) AS minutes, ${demandOf}_demand::HUGEINT AS top
    FROM ${source} WHERE ${where} AND zone ${zone === null ? 'IS NULL' : `= ${sqlText(zone)}`}
      AND ${name} >= ${timeSql(stretch.from)} AND ${name} < ${timeSql(stretch.to)}`;
}

function minuteSamples(span: Span, { demandOf, zone, minutes }: SamplesAsked): string {
  const demand = demandOf === 'host' ? 'max(host_demand)' : 'sum(used + refused)';
  return `
    SELECT quota_id, resource, ${bucketSql('demand')} AS bucket, 1 AS minutes, demand::HUGEINT AS top
    FROM (
      SELECT quota_id, resource, minute, ${demand} AS demand FROM ${minutes(span)}
      ${zone === null ? '' : `WHERE zone = ${sqlText(zone)}`}
      GROUP BY quota_id, resource, minute
    )`;
}

/** @param rows by quota and resource, buckets ascending */
export function percentilesOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  quantiles: readonly number[],
): Percentiles[] {
  const found: Percentiles[] = [];
  let counts: BucketCount[] = [];
  let max = 0n;
  rows.forEach((row, at) => {
    const [quotaId, resource] = [row['quota_id'] as string, row['resource'] as string];
    const top = row['top'] as bigint;
    counts.push({ bucket: row['bucket'] as number, count: Number(row['minutes']) });
    if (top > max) max = top;
    const next = rows[at + 1];
    if (next !== undefined && next['quota_id'] === quotaId && next['resource'] === resource) return;
    const minutes = counts.reduce((sum, { count }) => sum + count, 0);
    const values = quantiles.map((quantile) => valueAt(counts, quantile, max));
    found.push({ quotaId, resource, minutes, values, max });
    [counts, max] = [[], 0n];
  });
  return found;
}
