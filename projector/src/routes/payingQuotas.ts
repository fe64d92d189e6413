import { streamOf } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import { treeCondition } from './access.ts';
import { Filters } from './filters.ts';
import type { Condition } from './filters.ts';

/** Quotas of one search: each is a look into the index of every month. */
const QUOTAS_MAX = 1_000;

/**
 * Rows of the audit log about quotas that the project pays for now, inherited included, and about the project itself
 * in its organization's stream.
 * @param within only quotas at and below it; null: everywhere
 * @throws Problem 422 when there are too many
 */
export async function payingQuotas(
  pool: Pick<Pool, 'query'>,
  project: string,
  within: string | null,
): Promise<readonly Condition[]> {
  const filters = new Filters().equal('project', project);
  if (within !== null) filters.addCondition(placeCondition(within));
  const sql = `SELECT quota_id FROM quotas ${filters.where} LIMIT ${filters.value(QUOTAS_MAX + 1)}`;
  const { rows } = await pool.query<{ quota_id: string }>(sql, filters.values);
  if (rows.length > QUOTAS_MAX) {
    const detail = `${project} pays for more than ${QUOTAS_MAX} quotas.`;
    throw new Problem(422, 'SEARCH_TOO_WIDE', detail);
  }
  const [organization = ''] = project.split('/');
  return [
    { sql: 'quota_id = ANY(?::text[])', values: [rows.map(({ quota_id: id }) => id)] },
    {
      sql: `stream = ? AND body ->> 'project' = ?`,
      values: [streamOf('organization', organization), project],
    },
  ];
}

function placeCondition(within: string): Condition {
  return within.includes('/')
    ? treeCondition(within)
    : { sql: 'application = ?', values: [within] };
}
