import { freshDatabase } from '@prorata/test-kit';
import type pg from 'pg';
import { createTables } from '../src/database/createTables.ts';
import { openPool } from '../src/database/openPool.ts';
import { projections } from '../src/generations/projections.ts';

export interface FreshTables {
  readonly databaseUrl: string;
  /** Unqualified names are those of the tables of every projection. */
  readonly pool: pg.Pool;
}

/** A database with one empty copy of every projection, which no table of copies knows. */
export async function freshTables(partitions = 4): Promise<FreshTables> {
  const databaseUrl = await freshDatabase();
  const schemas = projections.map(({ name }) => `${name}_1`);
  const pool = openPool(databaseUrl, () => undefined, { schemas });
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    for (const projection of projections) {
      await createTables(client, projection, { schema: `${projection.name}_1`, partitions });
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  return { databaseUrl, pool };
}
