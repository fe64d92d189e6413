import { timeFromJson } from '@prorata/schemas';
import type { Pool } from 'pg';

/** What the summary of usage was made from; the rightsizer keeps it. */
export interface UsageSource {
  readonly manifestVersion: string;
  /** RFC 3339. */
  readonly takenAt: string;
  /** Up to when the usage table had all that hosts had sent; null: it was not seen to have caught up. */
  readonly caughtUpAt: string | null;
  /** Up to when it is known that what was not reported was not used, microseconds. */
  readonly knownUntil: bigint;
}

const FORM = 1;
/** There are no such tables, or this process may not read them yet. */
const ABSENT = new Set(['42P01', '3F000', '42501']);

/** null: nobody has summed usage up, or in another form than this code knows. */
export async function usageSource(pool: Pick<Pool, 'query'>): Promise<UsageSource | null> {
  const row = await readSource(pool);
  if (row === null || row.form !== FORM) return null;
  const { manifest_version: manifestVersion, taken_at: takenAt, caught_up_at: caughtUpAt } = row;
  const known = caughtUpAt ?? row.last_reported_at;
  if (known === null) return null;
  return { manifestVersion, takenAt, caughtUpAt, knownUntil: timeFromJson(known) ?? 0n };
}

interface SourceRow {
  readonly form: number;
  readonly manifest_version: string;
  readonly taken_at: string;
  readonly caught_up_at: string | null;
  readonly last_reported_at: string | null;
}

async function readSource(pool: Pick<Pool, 'query'>): Promise<SourceRow | null> {
  try {
    const { rows } = await pool.query<SourceRow>(
      'SELECT *, (SELECT max(last_reported_at) FROM rightsizer.application_usage) AS last_reported_at ' +
        'FROM rightsizer.usage_source',
    );
    return rows[0] ?? null;
  } catch (error) {
    if (ABSENT.has((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}
