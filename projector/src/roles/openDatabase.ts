import type { Pool } from 'pg';
import { applyMigrations } from '../database/applyMigrations.ts';
import { FILLING, openPool } from '../database/openPool.ts';
import type { PoolOptions } from '../database/openPool.ts';
import type { Logger } from '../logger.ts';
import { provideRoles } from './provideRoles.ts';
import type { RolesHeld } from './provideRoles.ts';

/** Of one statement about one thing, milliseconds: an index finds it. */
const QUERY_TIMEOUT_MS = 10_000;
/** Of one page of many, milliseconds: whoever asks can narrow it, and others wait for the same disk. */
const SEARCH_TIMEOUT_MS = 5_000;
/** Searches at once, and how long another waits for its turn, milliseconds: two turns of those before it. */
const SEARCHES_MAX = 4;
const SEARCH_WAIT_MS = 10_000;
const ROLES_LACKING =
  'The user of DATABASE_URL has not all roles of the database and may not make them. What lacks its own runs as that ' +
  'user; without prorata_auditor nobody can be let query the views. docs/how-to/let-auditors-query.md has the statements.';

export interface Database {
  /** Connections of the owner, for the tables themselves: migrations, copies, views. */
  readonly pool: Pool;
  readonly roles: RolesHeld;
  /** For queries over copies: read-only transactions of a role of their own. */
  readonly openQueries: (schemas: readonly string[]) => Pool;
  /** As `openQueries`, for those that look at many rows. */
  readonly openSearches: (schemas: readonly string[]) => Pool;
  /** For a projection that fills one copy, of a role of its own. */
  readonly openTables: (schema: string) => Pool;
}

/**
 * Brings what tells copies apart up to date, and the roles.
 * @param queryUrl the same database by a login that is a member of prorata_reader alone: no query, whatever it says,
 *   becomes more. null: queries take that role on, of the owner's
 * @throws what the database says
 */
export async function openDatabase(
  databaseUrl: string,
  queryUrl: string | null,
  logger: Logger,
): Promise<Database> {
  const broken = (error: Error): void => logger.warn({ err: error }, 'A connection broke.');
  const pool = openPool(databaseUrl, broken);
  const applied = await applyMigrations(pool);
  if (applied.length > 0) logger.info({ applied }, 'The table of copies was brought up to date.');
  const roles = await provideRoles(pool);
  if (roles.lacking.length > 0) logger.warn({ lacking: roles.lacking }, ROLES_LACKING);
  const openReads = (schemas: readonly string[], bounds: PoolOptions): Pool =>
    openPool(queryUrl ?? databaseUrl, broken, {
      schemas,
      role: queryUrl === null ? roles.reader : null,
      settings: { default_transaction_read_only: 'on' },
      ...bounds,
    });
  return {
    pool,
    roles,
    openQueries: (schemas) => openReads(schemas, { statementTimeoutMs: QUERY_TIMEOUT_MS }),
    openSearches: (schemas) =>
      openReads(schemas, {
        statementTimeoutMs: SEARCH_TIMEOUT_MS,
        connectionsMax: SEARCHES_MAX,
        connectTimeoutMs: SEARCH_WAIT_MS,
      }),
    openTables: (schema) =>
      openPool(databaseUrl, broken, {
        schemas: [schema],
        role: roles.projector,
        settings: FILLING,
      }),
  };
}
