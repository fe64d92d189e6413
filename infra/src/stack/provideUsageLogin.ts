import pg from 'pg';
import { loginUrl } from './loginUrl.ts';

/** Whose login the rightsizer has. */
const ROLE = 'prorata_rightsizer';

/**
 * Makes the login by which the rightsizer keeps what quotas have used, or gives it this password: it makes a schema
 * of its own, anew where somebody has dropped it, and may touch nothing that others have made.
 * @param url of the database, as its owner
 * @returns the URL for the login
 */
export async function provideUsageLogin(url: string, password: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DO $$ BEGIN
      CREATE ROLE ${ROLE} LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
    await client.query(`ALTER ROLE ${ROLE} PASSWORD ${client.escapeLiteral(password)}`);
    const database = client.escapeIdentifier(client.database ?? '');
    await client.query(`GRANT CREATE ON DATABASE ${database} TO ${ROLE}`);
  } finally {
    await client.end();
  }
  return usageUrl(url, password);
}

/** The database of `url` by the rightsizer's login. */
export function usageUrl(url: string, password: string): string {
  return loginUrl(url, ROLE, password);
}
