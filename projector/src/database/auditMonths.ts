import type { ClientBase } from 'pg';

/** Months that have a partition of their own; what lies before or after stands in one of two others. */
const FIRST_YEAR = 2020;
const LAST_YEAR = 2069;
/** Partitions of one copy are made one after the other: "prorata" in hexadecimal ASCII, and one more. */
const LOCK_KEY = '31651020377519202';

/** `2026-03`. */
type Month = string;

/**
 * Makes the partitions of the audit log that rows of these times go to, and those of the months after, so that a
 * new month finds its own. To be called before the transaction writes: one that has written may have to wait for
 * another that waits for it.
 * @param times RFC 3339 in UTC
 */
export async function provideAuditMonths(
  client: ClientBase,
  times: Iterable<string>,
): Promise<void> {
  const months = new Set<Month>();
  for (const time of times) {
    const month = time.slice(0, 'YYYY-MM'.length);
    months.add(month).add(monthAfter(month));
  }
  const wanted = [...months].filter(hasPartition);
  if (wanted.length === 0 || (await missingOf(client, wanted)).length === 0) return;
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK_KEY]);
  for (const missing of await missingOf(client, wanted)) await makePartition(client, missing);
}

function hasPartition(month: Month): boolean {
  const [, year] = /^(\d{4})-\d{2}$/.exec(month) ?? [];
  return year !== undefined && Number(year) >= FIRST_YEAR && Number(year) <= LAST_YEAR;
}

function monthAfter(month: Month): Month {
  const [year, number] = month.split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, number ?? 1)).toISOString().slice(0, 'YYYY-MM'.length);
}

interface Missing {
  readonly month: Month;
  /** Where the audit log stands. */
  readonly schema: string;
}

/** Asks the catalogue itself: a lookup by name may answer from what this session has seen before it waited. */
async function missingOf(
  client: ClientBase,
  months: readonly Month[],
): Promise<readonly Missing[]> {
  const { rows } = await client.query<Missing>(
    `SELECT month, log.relnamespace::regnamespace::text AS schema
     FROM unnest($1::text[]) AS month, pg_class AS log
     WHERE log.oid = 'audit_log'::regclass AND NOT EXISTS (
       SELECT FROM pg_class AS made
       WHERE made.relnamespace = log.relnamespace
         AND made.relname = 'audit_log_' || replace(month, '-', '_'))`,
    [months],
  );
  return rows;
}

/** Made beside and attached: readers and writers of the others go on. */
async function makePartition(client: ClientBase, { month, schema }: Missing): Promise<void> {
  const name = `${schema}.audit_log_${month.replace('-', '_')}`;
  const [from, to] = [`${month}-01 00:00:00+00`, `${monthAfter(month)}-01 00:00:00+00`];
  await client.query(`CREATE TABLE ${name} (LIKE audit_log INCLUDING ALL)`);
  await client.query(
    `ALTER TABLE audit_log ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
}
