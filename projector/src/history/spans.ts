import { ancestorsOf } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { Pool } from 'pg';
import { Filters, pageOf } from '../routes/filters.ts';
import type { IdRange } from './idRanges.ts';
import { begunBy } from './moment.ts';
import type { Moment } from './moment.ts';
import type { SpanPath, SpanRow } from './quotaAsOf.ts';

const COLUMNS = 'quota_id, since, since_time, below_since, below_since_time, record';

/**
 * Ids of one statement, found then or not, at some 20 µs each: where ids of many quotas lie that are no more, or are
 * not yet, a page is short and says where to go on.
 */
export const LOOKED_MAX = 5_000;

/** Quotas of a part of the ids as they were. */
export interface PathsPage {
  /** By id. */
  readonly paths: readonly SpanPath[];
  /** Where to go on: an id; null: there are no more. */
  readonly next: string | null;
}

/** One quota's path as it was; null: there was no such quota. One statement, so that it is of one state. */
export async function pathAt(
  pool: Pick<Pool, 'query'>,
  quotaId: string,
  moment: Moment,
): Promise<SpanPath | null> {
  const values = new Filters();
  const ids = values.value([quotaId, ...ancestorsOf(quotaId)]);
  const { rows } = await pool.query<SpanRow>(
    `SELECT span.* FROM unnest(${ids}::text[]) AS asked (id) ` +
      `CROSS JOIN LATERAL (${spanOf('asked.id', moment, values)}) AS span`,
    values.values,
  );
  return pathIn(new Map(rows.map((span) => [span.quota_id, span])), quotaId);
}

/**
 * Goes from id to id, and of each to the span that had begun last: what it costs is of the ids, however many spans
 * each of them has.
 *
 * @param ranges none in another, in order
 */
export async function pathsAt(
  pool: Pick<Pool, 'query'>,
  ranges: readonly IdRange[],
  moment: Moment,
  limit: number,
): Promise<PathsPage> {
  const values = new Filters();
  const from = values.value(ranges.map((range) => range.from));
  const before = values.value(ranges.map((range) => range.before));
  const span = (id: string): string => spanOf(id, moment, values);
  // One statement, so that all of it is of one state.
  const { rows } = await pool.query<LookedRow>(
    `WITH RECURSIVE parts AS (${partsOf(from, before)}), ` +
      `looked AS (${NONE} UNION ALL SELECT looked.number + 1, ` +
      `looked.found + (span.since IS NOT NULL)::integer, id.quota_id, ${SPAN} ` +
      `FROM looked CROSS JOIN LATERAL (${NEXT_ID}) AS id ` +
      `LEFT JOIN LATERAL (${span('id.quota_id')}) AS span ON true ` +
      `WHERE looked.found <= ${values.value(limit)} AND looked.number < ${LOOKED_MAX}), ` +
      `page AS (SELECT * FROM looked WHERE since IS NOT NULL), above AS (${ABOVE}) ` +
      `SELECT number, ${COLUMNS} FROM looked WHERE number > 0 UNION ALL ` +
      `SELECT 0, ${SPAN_ABOVE} FROM above CROSS JOIN LATERAL (${span('above.id')}) AS span`,
    values.values,
  );
  return pathsPageOf(rows, limit);
}

interface LookedRow extends Omit<SpanRow, 'since'> {
  /** As it was looked at, from 1; 0: above one of those. */
  readonly number: number;
  /** null: there was no such quota then. */
  readonly since: string | null;
}

function pathsPageOf(rows: readonly LookedRow[], limit: number): PathsPage {
  const known = new Map(rows.flatMap((row) => (isSpan(row) ? [[row.quota_id, row] as const] : [])));
  const looked = rows.filter(({ number }) => number > 0).sort((a, b) => a.number - b.number);
  const found = looked.flatMap((row) => {
    const path = isSpan(row) ? pathIn(known, row.quota_id) : null;
    return path === null ? [] : [path];
  });
  // One more than asked for tells whether there is a next page.
  const { page: paths, next } = pageOf(found, limit, ([last]) => last.quota_id);
  if (next !== null || looked.length < LOOKED_MAX) return { paths, next };
  return { paths, next: looked.at(-1)?.quota_id ?? null };
}

const isSpan = (row: LookedRow): row is LookedRow & SpanRow => row.since !== null;

const partsOf = (from: string, before: string): string =>
  `SELECT * FROM unnest(${from}::text[], ${before}::text[]) ` +
  'WITH ORDINALITY AS part ("from", before, place)';

/** Where looking begins: before every id. */
const NONE =
  `SELECT 0 AS number, 0 AS found, '' COLLATE "C" AS quota_id, NULL::bigint AS since, ` +
  'NULL::timestamptz AS since_time, NULL::bigint AS below_since, ' +
  'NULL::timestamptz AS below_since_time, NULL::jsonb AS record';

/** The first id after the last one, of the first part that has one. */
const NEXT_ID =
  'SELECT next.quota_id FROM parts CROSS JOIN LATERAL (SELECT h.quota_id FROM quota_history AS h ' +
  'WHERE h.quota_id >= parts."from" AND h.quota_id < parts.before AND h.quota_id > looked.quota_id ' +
  'ORDER BY h.quota_id LIMIT 1) AS next WHERE parts.before > looked.quota_id ORDER BY parts.place LIMIT 1';

const SPAN = 'span.since, span.since_time, span.below_since, span.below_since_time, span.record';
const SPAN_ABOVE = `span.quota_id, ${SPAN}`;

/** The ids above those of the page that are not of it themselves. */
const ABOVE =
  `SELECT array_to_string(segments[1:depth], '/') COLLATE "C" AS id ` +
  `FROM (SELECT string_to_array(quota_id, '/') AS segments FROM page) AS ids, ` +
  'generate_series(2, cardinality(segments) - 1) AS depth EXCEPT SELECT quota_id FROM page';

/**
 * The span of an id that held at a moment: the last that had begun, if it had not ended. Within a stream times do
 * not go back, so that by time and by version it is looked for in the same way.
 *
 * @param id SQL, never a client's text
 */
export function spanOf(id: string, moment: Moment, values: Filters): string {
  const isVersion = moment.kind === 'version';
  const at = values.value(isVersion ? moment.version : timeToJson(moment.micros));
  const [begun, ended, order] = isVersion
    ? ['since', 'until', 'since DESC']
    : ['since_time', 'until_time', 'since_time DESC, since DESC'];
  return (
    `SELECT ${COLUMNS} FROM (SELECT * FROM quota_history WHERE quota_history.quota_id = ${id} ` +
    `AND ${begun} <= ${at} ORDER BY ${order} LIMIT 1) AS begun ` +
    `WHERE ${ended} IS NULL OR ${ended} > ${at}`
  );
}

/** The units of an application's resources as they were declared then. */
export async function unitsAt(
  pool: Pick<Pool, 'query'>,
  application: string,
  moment: Moment,
): Promise<ReadonlyMap<string, string>> {
  const filters = new Filters().equal('application', application).addCondition(begunBy(moment));
  const { rows } = await pool.query<{
    resources: readonly { readonly name: string; readonly unit: string }[];
  }>(
    `SELECT resources FROM registration_history ${filters.where} ORDER BY since DESC LIMIT 1`,
    filters.values,
  );
  return new Map(rows[0]?.resources.map(({ name, unit }) => [name, unit]));
}

function pathIn(spans: ReadonlyMap<string, SpanRow>, quotaId: string): SpanPath | null {
  const own = spans.get(quotaId);
  if (own === undefined) return null;
  return [own, ...ancestorsOf(quotaId).flatMap((id) => spans.get(id) ?? [])];
}
