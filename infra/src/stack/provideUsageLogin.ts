import { loginUrl } from './loginUrl.ts';
import { provideLogin } from './provideLogin.ts';

/** Whose login the rightsizer has. */
const ROLE = 'prorata_rightsizer';

/**
 * Makes the login by which the rightsizer keeps what quotas have used, or gives it this password: it makes a schema
 * of its own, anew where somebody has dropped it, and may touch nothing that others have made.
 * @param url of the database, as its owner
 * @returns the URL for the login
 */
export function provideUsageLogin(url: string, password: string): Promise<string> {
  return provideLogin(url, ROLE, password, async (client) => {
    const database = client.escapeIdentifier(client.database ?? '');
    await client.query(`GRANT CREATE ON DATABASE ${database} TO ${ROLE}`);
  });
}

/** The database of `url` by the rightsizer's login. */
export function usageUrl(url: string, password: string): string {
  return loginUrl(url, ROLE, password);
}
