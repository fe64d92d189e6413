import { loginUrl } from './loginUrl.ts';
import { makeRole, provideLogin } from './provideLogin.ts';

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
export function provideQueryLogin(url: string, password: string): Promise<string> {
  return provideLogin(url, LOGIN, password, async (client) => {
    await makeRole(client, `${ROLE} NOLOGIN`);
    await client.query(`GRANT ${ROLE} TO ${LOGIN}`);
  });
}

/** The database of `url` by the login of queries. */
export function queryUrl(url: string, password: string): string {
  return loginUrl(url, LOGIN, password);
}
