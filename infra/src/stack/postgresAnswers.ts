import pg from 'pg';

/** What a server says that is starting up, shutting down or recovering. */
const CANNOT_CONNECT_NOW = '57P03';

/** Does the server answer, be it that it knows no such user? One that stands still accepts connections, too. */
export async function postgresAnswers(url: string, deadlineMs: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
  });
  // A connection that breaks afterwards is none of ours.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError && error.code !== CANNOT_CONNECT_NOW;
  } finally {
    void client.end().catch(() => undefined);
  }
}
