import type { ClientBase } from 'pg';

/** Months that have a partition of their own; what lies before or after stands in one of two others. */
const FIRST_YEAR = 2020;
const LAST_YEAR = 2069;
/** Partitions of one copy are made one after the other: "prorata" in hexadecimal ASCII, and one more. */
const LOCK_KEY = '31651020377519202';

/** `2026-03`. */
export type Month = string;

/**
 * Makes the partitions of the audit log that rows of these times go to, and those of the months after, so that a
 * new month finds its own. To be called before the transaction writes: one that has written may have to wait for
 * another that waits for it.
 * @param times RFC 3339 in UTC
 * @param seen months that were found made: kept by the caller for the same tables, so that few batches ask
 */
export async function provideAuditMonths(
  client: ClientBase,
  times: Iterable<string>,
  seen: Set<Month> = new Set(),
): Promise<void> {
  const months = new Set<Month>();
  for (const time of times) {
    const month = time.slice(0, 'YYYY-MM'.length);
    months.add(month).add(monthAfter(month));
  }
  const wanted = [...months].filter((month) => !seen.has(month) && hasPartition(month));
  if (wanted.length === 0) return;
  if ((await missingOf(client, wanted)).length === 0) {
    // What this transaction makes is not seen: it may be rolled back.
    for (const month of wanted) seen.add(month);
    return;
  }
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK_KEY]);
  for (const missing of await missingOf(client, wanted)) {
    await client.query('SELECT make_audit_month($1)', [missing]);
  }
}

function hasPartition(month: Month): boolean {
  const [, year] = /^(\d{4})-\d{2}$/.exec(month) ?? [];
  return year !== undefined && Number(year) >= FIRST_YEAR && Number(year) <= LAST_YEAR;
}

function monthAfter(month: Month): Month {
  const [year, number] = month.split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, number ?? 1)).toISOString().slice(0, 'YYYY-MM'.length);
}

/** Asks the catalogue itself: a lookup by name may answer from what this session has seen before it waited. */
async function missingOf(client: ClientBase, months: readonly Month[]): Promise<readonly Month[]> {
  const { rows } = await client.query<{ month: Month }>(
    `SELECT month FROM unnest($1::text[]) AS month, pg_class AS log
     WHERE log.oid = 'audit_log'::regclass AND NOT EXISTS (
       SELECT FROM pg_class AS made
       WHERE made.relnamespace = log.relnamespace
         AND made.relname = 'audit_log_' || replace(month, '-', '_'))`,
    [months],
  );
  return rows.map(({ month }) => month);
}

/**
 * Gives a copy with an audit log the function that makes a month: who writes rows may call it, and makes no other
 * table. A partition is made beside and attached: readers and writers of the others go on.
 */
export async function provideMonthMaker(
  client: Pick<ClientBase, 'query'>,
  schema: string,
): Promise<void> {
  const { rows } = await client.query<{ log: string | null }>(`SELECT to_regclass($1) AS log`, [
    `${schema}.audit_log`,
  ]);
  if (rows[0]?.log == null) return;
  await client.query(monthMaker(schema));
  await client.query(`REVOKE ALL ON FUNCTION ${schema}.make_audit_month FROM PUBLIC`);
}

const monthMaker = (schema: string): string => `
  CREATE OR REPLACE FUNCTION ${schema}.make_audit_month(month text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
  DECLARE
    made text := 'audit_log_' || replace(month, '-', '_');
    beginning timestamp;
  BEGIN
    IF month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' OR left(month, 4)::int NOT BETWEEN ${FIRST_YEAR} AND ${LAST_YEAR} THEN
      RAISE EXCEPTION '% has no partition of its own.', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    beginning := (month || '-01')::timestamp;
    EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING ALL)', made);
    EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      made, beginning AT TIME ZONE 'UTC', (beginning + interval '1 month') AT TIME ZONE 'UTC');
  END $$`;
