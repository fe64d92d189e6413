import type { Pool, PoolClient } from 'pg';

/** Raised with every change of the tables or of what their rows mean: they are made anew then, and filled. */
const FORM = 1;
/** One writes at a time: "prorata" in hexadecimal ASCII, and two more. */
const LOCK_KEY = '31651020377519203';

const COLUMNS = {
  quota_id: 'text',
  resource: 'text',
  application: 'text',
  first_reported_at: 'timestamptz',
  last_reported_at: 'timestamptz',
  last_used_at: 'timestamptz',
  used_1d: 'numeric',
  used_7d: 'numeric',
  used_30d: 'numeric',
  refused_1d: 'numeric',
  refused_7d: 'numeric',
  refused_30d: 'numeric',
  peak_30d: 'bigint',
} as const;

/** Amounts as text. */
export type SummaryRow = Readonly<Record<keyof typeof COLUMNS, string | null>>;

/** What the rows were made from. */
export interface SummarySource {
  /** The usage table's version. */
  readonly manifestVersion: number;
  /** RFC 3339. */
  readonly takenAt: string;
  /** Up to when the usage table had all that hosts had sent; null: it was not seen to have caught up. */
  readonly caughtUpAt: string | null;
}

const MAKE = `
  DROP TABLE IF EXISTS rightsizer.quota_usage, rightsizer.application_usage, rightsizer.usage_source;
  CREATE TABLE rightsizer.quota_usage (
    quota_id          text        COLLATE "C" NOT NULL,
    resource          text        COLLATE "C" NOT NULL,
    application       text        NOT NULL,
    first_reported_at timestamptz NOT NULL,
    last_reported_at  timestamptz NOT NULL,
    -- The end of the last window in which anything was used; NULL: none was.
    last_used_at      timestamptz,
    used_1d           numeric     NOT NULL,
    used_7d           numeric     NOT NULL,
    used_30d          numeric     NOT NULL,
    refused_1d        numeric     NOT NULL,
    refused_7d        numeric     NOT NULL,
    refused_30d       numeric     NOT NULL,
    peak_30d          bigint      NOT NULL,
    PRIMARY KEY (quota_id, resource)
  );
  -- How far back, and up to when, hosts have reported of each application.
  CREATE TABLE rightsizer.application_usage (
    application       text        PRIMARY KEY,
    first_reported_at timestamptz NOT NULL,
    last_reported_at  timestamptz NOT NULL
  );
  -- One row: what all of them were made from.
  CREATE TABLE rightsizer.usage_source (
    form             integer     NOT NULL,
    manifest_version bigint      NOT NULL,
    taken_at         timestamptz NOT NULL,
    caught_up_at     timestamptz
  );
  CREATE UNIQUE INDEX usage_source_alone ON rightsizer.usage_source ((true))`;

/** The queries of the read side run under it, where there is such a role. */
const GRANT = `
  DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'prorata_reader') THEN
      GRANT USAGE ON SCHEMA rightsizer TO prorata_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA rightsizer TO prorata_reader;
    END IF;
  END $$`;

/**
 * Writes what the rows say in place of what stands there, in one transaction: readers see all of the one or all of
 * the other. Rows that are as they were are left alone.
 * @returns false: another process has written what a newer manifest says
 * @throws what the database says; nothing is written then
 */
export async function writeSummary(
  pool: Pool,
  source: SummarySource,
  rows: AsyncIterable<readonly SummaryRow[]>,
): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const isWritten = await write(client, source, rows);
    await client.query(isWritten ? 'COMMIT' : 'ROLLBACK');
    return isWritten;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function write(
  client: PoolClient,
  source: SummarySource,
  chunks: AsyncIterable<readonly SummaryRow[]>,
): Promise<boolean> {
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK_KEY]);
  await makeTables(client);
  const { rows } = await client.query<{ manifest_version: string }>(
    'SELECT manifest_version FROM rightsizer.usage_source',
  );
  if (Number(rows[0]?.manifest_version ?? 0) > source.manifestVersion) return false;
  await client.query('CREATE TEMP TABLE fresh (LIKE rightsizer.quota_usage) ON COMMIT DROP');
  for await (const chunk of chunks) {
    await client.query(FILL, [JSON.stringify(chunk)]);
  }
  await client.query(REPLACE.gone);
  await client.query(REPLACE.changed);
  await client.query(REPLACE.applications);
  await client.query('DELETE FROM rightsizer.usage_source');
  await client.query('INSERT INTO rightsizer.usage_source VALUES ($1, $2, $3, $4)', [
    FORM,
    source.manifestVersion,
    source.takenAt,
    source.caughtUpAt,
  ]);
  return true;
}

/** Tables of another form are made anew: they hold nothing of their own. */
async function makeTables(client: PoolClient): Promise<void> {
  // Asked for first: to say IF NOT EXISTS takes the right to make schemas, though there is one.
  const { rows: known } = await client.query<{ has: boolean }>(
    `SELECT to_regnamespace('rightsizer') IS NOT NULL AS has`,
  );
  if (known[0]?.has !== true) await client.query('CREATE SCHEMA rightsizer');
  const { rows } = await client.query<{ is_there: boolean }>(
    `SELECT to_regclass('rightsizer.usage_source') IS NOT NULL AS is_there`,
  );
  const isThere = rows[0]?.is_there === true;
  const form = isThere ? await client.query('SELECT form FROM rightsizer.usage_source') : null;
  const [made] = (form?.rows ?? []) as readonly { readonly form: number }[];
  if (made?.form !== FORM) await client.query(MAKE);
  await client.query(GRANT);
}

const names = Object.keys(COLUMNS);
const typed = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`);
const others = names.filter((name) => name !== 'quota_id' && name !== 'resource');

const FILL =
  `INSERT INTO fresh (${names.join(', ')}) SELECT ${names.join(', ')} ` +
  `FROM jsonb_to_recordset($1::jsonb) AS r (${typed.join(', ')})`;

const REPLACE = {
  gone:
    'DELETE FROM rightsizer.quota_usage AS q WHERE NOT EXISTS ' +
    '(SELECT FROM fresh WHERE fresh.quota_id = q.quota_id AND fresh.resource = q.resource)',
  changed:
    `INSERT INTO rightsizer.quota_usage AS q (${names.join(', ')}) SELECT ${names.join(', ')} FROM fresh ` +
    `ON CONFLICT (quota_id, resource) DO UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(', ')} ` +
    `WHERE (${others.map((name) => `q.${name}`).join(', ')}) IS DISTINCT FROM ` +
    `(${others.map((name) => `EXCLUDED.${name}`).join(', ')})`,
  applications:
    'WITH gone AS (DELETE FROM rightsizer.application_usage AS a ' +
    'WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.application = a.application)) ' +
    'INSERT INTO rightsizer.application_usage SELECT application, min(first_reported_at), ' +
    'max(last_reported_at) FROM fresh GROUP BY application ' +
    'ON CONFLICT (application) DO UPDATE SET first_reported_at = EXCLUDED.first_reported_at, ' +
    'last_reported_at = EXCLUDED.last_reported_at',
} as const;
