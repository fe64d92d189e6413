import type { Pool, PoolClient } from 'pg';

/** Instances change copies one after the other: "prorate" in hexadecimal ASCII. */
const LOCK_KEY = '31651020377519205';
/** A reader's or an auditor's long statement must not have everybody else wait behind this one. */
export const LOCK_TIMEOUT_MS = 2_000;

/**
 * A change of copies, alone among all instances: all of it or nothing.
 * @returns undefined, with nothing done, while another instance changes copies
 */
export async function inTransaction<T>(
  pool: Pool,
  change: (client: PoolClient) => Promise<T>,
): Promise<T | undefined> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const { rows } = await client.query<{ got: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1::bigint) AS got',
      [LOCK_KEY],
    );
    const result = rows[0]?.got === true ? await change(client) : undefined;
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
