import type { Pool, PoolClient } from 'pg';
import { databaseRoles } from './roleTable.ts';
import type { DatabaseRole } from './roleTable.ts';

/** Of a role that this process's connections take on; null: they stay the database's owner's. */
export interface RolesHeld {
  readonly projector: 'prorata_projector' | null;
  readonly reader: 'prorata_reader' | null;
  /** Roles that are there, whoever may take them on: copies are opened to them. */
  readonly known: readonly DatabaseRole[];
  /** Roles that are not there, or that the database's user may not take on. */
  readonly lacking: readonly DatabaseRole[];
}

/** Many rows go by a table of the connection's own; everybody may make one until a database's owner says otherwise. */
const TEMPORARY_TABLES = `DO $$ BEGIN
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO prorata_projector', current_database());
END $$`;
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Makes the roles that are missing, where the database's user may; roles are of the whole server, so that another
 * database may have made them. Without them everything goes on as that user, and auditors have no views.
 * @throws what the database says, unless it is that the user may not
 */
export async function provideRoles(pool: Pool): Promise<RolesHeld> {
  const client = await pool.connect();
  try {
    for (const role of databaseRoles) await ifAllowed(client, makeStatement(role));
    const projector = await mayBecome(client, 'prorata_projector');
    const reader = await mayBecome(client, 'prorata_reader');
    if (projector) await ifAllowed(client, TEMPORARY_TABLES);
    const known = await knownRoles(client);
    const has = {
      prorata_projector: projector,
      prorata_reader: reader,
      prorata_auditor: known.includes('prorata_auditor'),
    };
    return {
      projector: projector ? 'prorata_projector' : null,
      reader: reader ? 'prorata_reader' : null,
      known,
      lacking: databaseRoles.filter((role) => !has[role]),
    };
  } finally {
    client.release();
  }
}

/** Instances of other databases may make it at the same time. */
function makeStatement(role: DatabaseRole): string {
  return `DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN
      CREATE ROLE ${role} NOLOGIN;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END $$`;
}

/** @returns whether it was done; in a transaction of its own */
async function ifAllowed(client: PoolClient, statement: string): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query(statement);
    await client.query('COMMIT');
    return true;
  } catch (error) {
    await client.query('ROLLBACK');
    if ((error as { code?: unknown }).code === INSUFFICIENT_PRIVILEGE) return false;
    throw error;
  }
}

async function mayBecome(client: PoolClient, role: DatabaseRole): Promise<boolean> {
  if (!(await knownRoles(client)).includes(role)) return false;
  const tryIt = `SET LOCAL ROLE ${role}`;
  if (await ifAllowed(client, tryIt)) return true;
  await ifAllowed(client, `GRANT ${role} TO CURRENT_USER`);
  return ifAllowed(client, tryIt);
}

async function knownRoles(client: PoolClient): Promise<readonly DatabaseRole[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1)',
    [databaseRoles],
  );
  return databaseRoles.filter((role) => rows.some(({ name }) => name === role));
}
