import type { Pool } from 'pg';
import { hostsSeen, TARGETS_SEEN } from './enforcementSql.ts';

export interface EnforcementCount {
  readonly application: string;
  readonly state: string;
  readonly count: number;
}

/** Labels of a gauge: each is a series for ever. */
const APPLICATIONS_MAX = 200;
/** No application is called so. */
const OTHERS = '_others';
const seen = { hosts: hostsSeen(null), targets: TARGETS_SEEN };

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
    `${seen[kind]} SELECT application, state, count(*)::int AS count FROM seen GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const sizes = new Map<string, number>();
  for (const { application, count } of rows) {
    sizes.set(application, (sizes.get(application) ?? 0) + count);
  }
  const largest = [...sizes].sort(([, one], [, other]) => other - one).slice(0, applicationsMax);
  const named = new Set(largest.map(([application]) => application));
  return [
    ...rows.filter(({ application }) => named.has(application)),
    ...othersOf(rows.filter(({ application }) => !named.has(application))),
  ];
}

function othersOf(rows: readonly EnforcementCount[]): readonly EnforcementCount[] {
  const counts = new Map<string, number>();
  for (const { state, count } of rows) counts.set(state, (counts.get(state) ?? 0) + count);
  return [...counts].map(([state, count]) => ({ application: OTHERS, state, count }));
}
