import type { Pool } from 'pg';
import { HOSTS_SEEN, TARGETS_SEEN } from './enforcementSql.ts';

export interface EnforcementCount {
  readonly application: string;
  readonly state: string;
  readonly count: number;
}

/** Labels of a gauge: each is a series for ever. */
const APPLICATIONS_MAX = 200;
/** No application is called so. */
const OTHERS = '_others';
const seen = { hosts: HOSTS_SEEN, targets: TARGETS_SEEN };

/**
 * How many hosts or targets are in which state, by application: those with the most of them, and the rest together.
 * @throws what the database says
 */
export async function countEnforcement(
  pool: Pick<Pool, 'query'>,
  kind: 'hosts' | 'targets',
  applicationsMax = APPLICATIONS_MAX,
): Promise<readonly EnforcementCount[]> {
  const { rows } = await pool.query<EnforcementCount>(
    `${seen[kind]}, named AS (
       SELECT application FROM seen GROUP BY application ORDER BY count(*) DESC, application LIMIT $1
     )
     SELECT CASE WHEN n.application IS NULL THEN '${OTHERS}' ELSE s.application END AS application, s.state,
       count(*)::int AS count
     FROM seen AS s LEFT JOIN named AS n USING (application) GROUP BY 1, 2 ORDER BY 1, 2`,
    [applicationsMax],
  );
  return rows;
}
