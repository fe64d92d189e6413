import type pg from 'pg';

interface Plan {
  readonly Plan: {
    readonly 'Shared Hit Blocks': number;
    readonly 'Shared Read Blocks': number;
  };
}

/** A connection that runs each statement twice: for its rows, and to count the blocks that it looks at. */
export function countingBlocks(pool: pg.Pool): {
  readonly pool: Pick<pg.Pool, 'query'>;
  /** Of the last statement. */
  readonly blocks: () => number;
} {
  let blocks = 0;
  const query = async (statement: string, values: unknown[]) => {
    const explained = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`;
    const { rows } = await pool.query<{ 'QUERY PLAN': readonly Plan[] }>(explained, values);
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    blocks = (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0);
    return pool.query(statement, values);
  };
  return { pool: { query } as unknown as Pick<pg.Pool, 'query'>, blocks: () => blocks };
}
