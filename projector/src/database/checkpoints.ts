import type { ClientBase } from 'pg';

/**
 * Where the copies stand, by `<topic> <partition>`: the offset to go on from, the least of them where
 * several copies read the same partition.
 * @param schemas of the copies
 */
export async function readCheckpoints(
  client: Pick<ClientBase, 'query'>,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const each = schemas.map((schema) => `SELECT * FROM ${schema}.projection_checkpoint`);
  const { rows } = await client.query<{ topic: string; partition: number; next_offset: string }>(
    'SELECT topic, partition, min(next_offset) AS next_offset ' +
      `FROM (${each.join(' UNION ALL ')}) AS c GROUP BY topic, partition`,
  );
  return new Map(rows.map((row) => [`${row.topic} ${row.partition}`, BigInt(row.next_offset)]));
}
