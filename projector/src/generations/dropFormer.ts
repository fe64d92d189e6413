import type { ClientBase, Pool } from 'pg';
import { publishedOf, publishViews } from '../views/publishViews.ts';
import { schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import { inTransaction } from './inTransaction.ts';

export interface FormerParts {
  /** The live copy of this version that views may follow to; null: there is none. */
  readonly live: Generation | null;
  readonly graceMs: number;
}

/**
 * Drops a copy that no query has read for so long, with its checkpoints. One that an auditor's long statement keeps
 * views on stays until the views have followed.
 * @returns whether it is gone
 */
export async function dropFormer(
  pool: Pool,
  former: Generation,
  { live, graceMs }: FormerParts,
): Promise<boolean> {
  const { projection, generation } = former;
  const dropped = await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `SELECT FROM projector.generations
       WHERE projection = $1 AND generation = $2 AND state = 'former'
         AND since < now() - $3 * interval '1 millisecond'`,
      [projection, generation, graceMs],
    );
    if (rowCount !== 1 || !(await haveViewsFollowed(client, former, live))) return false;
    await client.query(
      'DELETE FROM projector.generations WHERE projection = $1 AND generation = $2',
      [projection, generation],
    );
    await client.query(`DROP SCHEMA IF EXISTS ${schemaOf(former)} CASCADE`);
    return true;
  });
  return dropped ?? false;
}

async function haveViewsFollowed(
  client: ClientBase,
  former: Generation,
  live: Generation | null,
): Promise<boolean> {
  const published = await publishedOf(client, former.projection);
  if (published?.generation !== former.generation) return true;
  return live !== null && publishViews(client, live, { force: true });
}
