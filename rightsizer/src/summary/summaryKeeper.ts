import { timeToJson } from '@prorata/schemas';
import pg from 'pg';
import type { UsedSummary } from '../rollups/rolledUsage.ts';
import type { Rollups } from '../rollups/rollups.ts';
import type { UsageReader } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import { writeSummary } from './summaryTables.ts';
import type { SummaryRow } from './summaryTables.ts';

/** It writes alone, one transaction at a time. */
const CONNECTIONS_MAX = 1;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of a statement: the rows of a large table are compared in one. */
const STATEMENT_TIMEOUT_MS = 120_000;

export interface SummaryParts {
  readonly databaseUrl: string;
  readonly reader: UsageReader;
  readonly rollups: Rollups;
  readonly freshness: TableFreshness;
  readonly broken: (error: Error) => void;
}

/**
 * What stands in Postgres was summed up from a newer table than there is: after a table was put back from a backup
 * nobody but an operator can say that the older one counts.
 */
export class SummaryAhead extends Error {
  override readonly name = 'SummaryAhead';

  constructor(version: number) {
    super(
      `The summary was made of a newer usage table than version ${version}, the newest there is. ` +
        'Where the table was put back from a backup: DELETE FROM rightsizer.usage_source.',
    );
  }
}

/**
 * Keeps in Postgres, for questions of the read side, what the usage table says of each quota: when it was used
 * last, and how much. All of it follows from the usage table: dropped, it comes back with the next evaluation.
 */
export class SummaryKeeper {
  readonly #parts: SummaryParts;
  readonly #pool: pg.Pool;

  constructor(parts: SummaryParts) {
    this.#parts = parts;
    this.#pool = new pg.Pool({
      connectionString: parts.databaseUrl,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      application_name: 'prorata-rightsizer',
    });
    this.#pool.on('error', parts.broken);
    this.#pool.on('connect', (client) => client.on('error', parts.broken));
  }

  /** @param now microseconds. @throws SummaryAhead, and what the table, the log or the database says */
  async evaluate(now: bigint): Promise<void> {
    const { reader, rollups, freshness } = this.#parts;
    await freshness.look(now);
    const snapshot = await reader.newest();
    if (snapshot === null) return;
    const caughtUpAt = freshness.caughtUpAt(snapshot.positions);
    const source = {
      manifestVersion: snapshot.version,
      takenAt: timeToJson(now),
      caughtUpAt: caughtUpAt === null ? null : timeToJson(caughtUpAt),
    };
    const usage = await rollups.of(snapshot, now);
    if (await writeSummary(this.#pool, source, rowsOf(usage.summary(now)))) return;
    // Another process may have summed up what was committed meanwhile.
    const newest = await reader.newest();
    if (newest?.version === snapshot.version) throw new SummaryAhead(snapshot.version);
  }

  stop(): Promise<void> {
    return this.#pool.end();
  }
}

async function* rowsOf(
  chunks: AsyncIterable<readonly UsedSummary[]>,
): AsyncGenerator<readonly SummaryRow[]> {
  for await (const chunk of chunks) yield chunk.map(rowOf);
}

function rowOf({ used, refused, lastUsedAt, ...summary }: UsedSummary): SummaryRow {
  return {
    quota_id: summary.quotaId,
    resource: summary.resource,
    application: summary.application,
    first_reported_at: timeToJson(summary.firstReportedAt),
    last_reported_at: timeToJson(summary.lastReportedAt),
    last_used_at: lastUsedAt === null ? null : timeToJson(lastUsedAt),
    used_1d: used[0].toString(),
    used_7d: used[1].toString(),
    used_30d: used[2].toString(),
    refused_1d: refused[0].toString(),
    refused_7d: refused[1].toString(),
    refused_30d: refused[2].toString(),
    peak_30d: summary.peak.toString(),
  };
}
