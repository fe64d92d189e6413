import type { Pool } from 'pg';
import { schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import { inTransaction } from './inTransaction.ts';

/**
 * Drops a copy that has been read by nobody for so long, with its checkpoints.
 * @returns whether it is gone
 */
export async function dropFormer(
  pool: Pool,
  former: Generation,
  graceMs: number,
): Promise<boolean> {
  const { projection, generation } = former;
  const dropped = await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `DELETE FROM projector.generations
       WHERE projection = $1 AND generation = $2 AND state = 'former'
         AND since < now() - $3 * interval '1 millisecond'`,
      [projection, generation, graceMs],
    );
    if (rowCount !== 1) return false;
    await client.query(`DROP SCHEMA IF EXISTS ${schemaOf(former)} CASCADE`);
    return true;
  });
  return dropped ?? false;
}
