import { ancestorsOf, byCodeUnit } from '@prorata/quota-model';
import type { Pool } from 'pg';
import { Filters } from '../routes/filters.ts';
import type { Condition } from '../routes/filters.ts';
import { begunBy, heldAt } from './moment.ts';
import type { Moment } from './moment.ts';
import type { SpanPath, SpanRow } from './quotaAsOf.ts';

const COLUMNS = 'quota_id, since, since_time, below_since, below_since_time, record';

/** The ids above those of the page that are not of it themselves. */
const ABOVE =
  `SELECT array_to_string(segments[1:depth], '/') COLLATE "C" AS id ` +
  `FROM (SELECT string_to_array(quota_id, '/') AS segments FROM page) AS ids, ` +
  'generate_series(2, cardinality(segments) - 1) AS depth EXCEPT SELECT quota_id FROM page';

/** One quota's path as it was; null: there was no such quota. One statement, so that it is of one state. */
export async function pathAt(
  pool: Pick<Pool, 'query'>,
  quotaId: string,
  moment: Moment,
): Promise<SpanPath | null> {
  const spans = await spansOf(pool, [quotaId, ...ancestorsOf(quotaId)], moment);
  return pathIn(new Map(spans.map((span) => [span.quota_id, span])), quotaId);
}

/**
 * Paths of the quotas of a part of the ids as they were, by id.
 *
 * @param part conditions on `quota_id`
 */
export async function pathsAt(
  pool: Pick<Pool, 'query'>,
  part: readonly Condition[],
  moment: Moment,
  limit: number,
): Promise<readonly SpanPath[]> {
  const filters = new Filters();
  for (const condition of [heldAt(moment), ...part]) filters.addCondition(condition);
  const page =
    `SELECT ${COLUMNS} FROM quota_history ${filters.where} ORDER BY quota_id ` +
    `LIMIT ${filters.value(limit)}`;
  const held = new Filters(filters.values).addCondition(heldAt(moment));
  // One statement, so that all of it is of one state.
  const { rows } = await pool.query<SpanRow & { readonly is_asked: boolean }>(
    `WITH page AS (${page}), above AS (${ABOVE}) ` +
      `SELECT true AS is_asked, ${COLUMNS} FROM page UNION ALL ` +
      `SELECT false, ${COLUMNS} FROM quota_history ${held.where} AND quota_id IN (SELECT id FROM above)`,
    held.values,
  );
  const known = new Map(rows.map((row) => [row.quota_id, row]));
  const asked = rows.filter(({ is_asked: isAsked }) => isAsked).map(({ quota_id: id }) => id);
  return asked.sort(byCodeUnit).flatMap((id) => {
    const path = pathIn(known, id);
    return path === null ? [] : [path];
  });
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

async function spansOf(
  pool: Pick<Pool, 'query'>,
  ids: readonly string[],
  moment: Moment,
): Promise<readonly SpanRow[]> {
  if (ids.length === 0) return [];
  const filters = new Filters().add('quota_id = ANY(?::text[])', ids).addCondition(heldAt(moment));
  const { rows } = await pool.query<SpanRow>(
    `SELECT ${COLUMNS} FROM quota_history ${filters.where}`,
    filters.values,
  );
  return rows;
}

function pathIn(spans: ReadonlyMap<string, SpanRow>, quotaId: string): SpanPath | null {
  const own = spans.get(quotaId);
  if (own === undefined) return null;
  return [own, ...ancestorsOf(quotaId).flatMap((id) => spans.get(id) ?? [])];
}
