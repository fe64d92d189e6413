import pg from 'pg';
import { loginUrl } from './loginUrl.ts';

/** Whose login the projector's queries have. */
const LOGIN = 'prorata_queries';
/** What it may do: the projector grants it. */
const ROLE = 'prorata_reader';

/**
 * Makes the login by which the projector answers queries, or gives it this password. Queries read tables of the
 * rightsizer's too: whatever that put in their place would run with the rights of the session that asks, and a
 * role that a session has taken on it can leave again. A login has nothing to go back to.
 * @param url of the database, as its owner
 * @returns the URL for the login
 */
export async function provideQueryLogin(url: string, password: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const role of [`${ROLE} NOLOGIN`, `${LOGIN} LOGIN`]) {
      await client.query(`DO $$ BEGIN
        CREATE ROLE ${role};
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$`);
    }
    await client.query(`ALTER ROLE ${LOGIN} PASSWORD ${client.escapeLiteral(password)}`);
    await client.query(`GRANT ${ROLE} TO ${LOGIN}`);
  } finally {
    await client.end();
  }
  return queryUrl(url, password);
}

/** The database of `url` by the login of queries. */
export function queryUrl(url: string, password: string): string {
  return loginUrl(url, LOGIN, password);
}
