import pg from 'pg';

/** Names go into SQL unquoted by parameters, so only these may be asked for. */
const databaseName = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Makes a database on the server of `url` when it is absent.
 * @returns the URL of the new database.
 */
export async function createDatabase(url: string, name: string): Promise<string> {
  if (!databaseName.test(name)) throw new RangeError(`not a database name: ${name}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE "${name}"`);
  } catch (error) {
    const duplicateDatabase = '42P04';
    if ((error as { code?: string }).code !== duplicateDatabase) throw error;
  } finally {
    await client.end();
  }
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}
