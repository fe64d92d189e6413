import pg from 'pg';
import { loginUrl } from './loginUrl.ts';

/**
 * Makes a login of the database's server, or gives it this password.
 * @param url of the database, as its owner
 * @param grant what the login may do, said by the owner
 * @returns the URL for the login
 */
export async function provideLogin(
  url: string,
  login: string,
  password: string,
  grant: (client: pg.Client) => Promise<void>,
): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await makeRole(client, `${login} LOGIN`);
    await client.query(`ALTER ROLE ${login} PASSWORD ${client.escapeLiteral(password)}`);
    await grant(client);
  } finally {
    await client.end();
  }
  return loginUrl(url, login, password);
}

/** Roles are of the whole server: a start beside this one may make it at the same time. */
export async function makeRole(client: pg.Client, role: string): Promise<void> {
  await client.query(`DO $$ BEGIN
    CREATE ROLE ${role};
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END $$`);
}
