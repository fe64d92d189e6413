import { isDeepStrictEqual } from 'node:util';
import { parseStream } from '@prorata/quota-model';
import { longToJson } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import type { Pool } from 'pg';
import type { Moment } from '../../history/moment.ts';
import { quotaAsOf } from '../../history/quotaAsOf.ts';
import { rangesAfter, rangesInAll, rangesOfTree } from '../../history/idRanges.ts';
import { pathsAt } from '../../history/spans.ts';
import { quotaJson } from '../../routes/quotaRoutes.ts';
import type { QuotaFacts } from '../../routes/quotaRoutes.ts';
import type { AuditSource } from '../auditSource.ts';
import { foldLog } from './foldLog.ts';
import type { FoldedTree } from './foldedTree.ts';

/** Quotas of one statement. */
const PAGE = 1_000;

export interface ReplayOptions {
  readonly source: AuditSource;
  readonly codec: Codec;
  /** Over one copy of the tables. */
  readonly pool: Pick<Pool, 'query'>;
  /** Microseconds; null: as far as the tables have come, and then the rows of now are compared, too. */
  readonly asOf: bigint | null;
  /** null: all of them. */
  readonly application: string | null;
}

/** The first thing that the tables tell otherwise than the log. */
export interface ReplayDifference {
  readonly quotaId: string;
  /** Where: the answer of a past moment, or the row of now. */
  readonly table: 'quota_history' | 'quotas';
  /** null: the quota itself, which one of them has not. */
  readonly field: string | null;
  readonly log: unknown;
  readonly tables: unknown;
}

export interface ReplayReport {
  readonly applications: number;
  readonly events: number;
  readonly quotas: number;
  readonly firstDifference: ReplayDifference | null;
}

/** The tables have not come to the moment that is asked for. */
export class TablesBehind extends Error {
  override readonly name = 'TablesBehind';
}

/**
 * Folds the log anew, with nothing of what the tables say, and compares every quota with what a reader of that
 * moment is answered.
 * @throws TablesBehind
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { source, codec, pool, asOf, application } = options;
  const heads = await headsOf(pool, application);
  const folded = await foldLog(source, { codec, until: asOf, upTo: heads });
  if (asOf !== null) {
    for (const [stream, end] of folded.ends) mustHaveCome(stream, end, heads.get(stream), options);
  }
  let quotas = 0;
  let firstDifference: ReplayDifference | null = null;
  for (const stream of heads.keys()) {
    const tree = folded.trees.get(stream) ?? null;
    quotas += tree?.quotaIds.length ?? 0;
    firstDifference ??= await differenceIn(pool, stream, tree, asOf);
  }
  return { applications: folded.trees.size, events: folded.events, quotas, firstDifference };
}

function mustHaveCome(
  stream: string,
  end: bigint,
  head: bigint | undefined,
  { application }: ReplayOptions,
): void {
  if (application !== null && parseStream(stream)?.id !== application) return;
  if (head !== undefined && head >= end) return;
  throw new TablesBehind(
    `The tables show ${stream} up to version ${head ?? 0}, and the log is at ${end}.`,
  );
}

async function headsOf(
  pool: Pick<Pool, 'query'>,
  application: string | null,
): Promise<ReadonlyMap<string, bigint>> {
  const { rows } = await pool.query<{ stream: string; stream_version: string }>(
    `SELECT stream, stream_version FROM stream_heads WHERE starts_with(stream, 'application:') ` +
      'AND ($1::text IS NULL OR stream = $1) ORDER BY stream',
    [application === null ? null : `application:${application}`],
  );
  return new Map(rows.map((row) => [row.stream, BigInt(row.stream_version)]));
}

async function differenceIn(
  pool: Pick<Pool, 'query'>,
  stream: string,
  tree: FoldedTree | null,
  asOf: bigint | null,
): Promise<ReplayDifference | null> {
  const application = parseStream(stream)?.id ?? '';
  const moment: Moment =
    asOf === null
      ? { kind: 'version', version: tree?.version ?? 0n }
      : { kind: 'time', micros: asOf };
  const past = await compare(tree, 'quota_history', async (after) => {
    const part = rangesInAll(rangesOfTree(application), rangesAfter(after));
    const { paths, next } = await pathsAt(pool, part, moment, PAGE);
    return { rows: paths.map(quotaAsOf), next };
  });
  if (past !== null || asOf !== null || tree === null) return past;
  return compare(tree, 'quotas', (after) => rowsOfNow(pool, application, after, tree.version));
}

/** @returns rows after an id, and the last id looked at; null: there are no more */
type Page = (
  after: string,
) => Promise<{ readonly rows: readonly QuotaFacts[]; readonly next: string | null }>;

/** Every quota of the tables, and that none of the log's is missing. */
async function compare(
  tree: FoldedTree | null,
  table: ReplayDifference['table'],
  page: Page,
): Promise<ReplayDifference | null> {
  const missing = new Set(tree?.quotaIds);
  let after = '';
  for (;;) {
    const { rows, next } = await page(after);
    for (const row of rows) {
      missing.delete(row.quota_id);
      const difference = differenceOf(row, tree?.factsOf(row.quota_id) ?? null, table);
      if (difference !== null) return difference;
    }
    if (next === null) break;
    after = next;
  }
  const [quotaId] = missing;
  if (quotaId === undefined) return null;
  return { quotaId, table, field: null, log: 'there', tables: 'missing' };
}

function differenceOf(
  row: QuotaFacts,
  facts: QuotaFacts | null,
  table: ReplayDifference['table'],
): ReplayDifference | null {
  const quotaId = row.quota_id;
  if (facts === null) return { quotaId, table, field: null, log: 'missing', tables: 'there' };
  const [log, tables] = [plain(facts), plain(row)];
  const field = Object.keys(log).find((name) => !isDeepStrictEqual(log[name], tables[name]));
  if (field === undefined) return null;
  return { quotaId, table, field, log: log[field], tables: tables[field] };
}

/** As an answer tells it, which knows no order of members. */
function plain(facts: QuotaFacts): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(quotaJson(facts), (_name, value: unknown) =>
    typeof value === 'bigint' ? longToJson(value) : value,
  );
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

/** @throws TablesBehind when they have moved on meanwhile: what they told cannot be compared */
async function rowsOfNow(
  pool: Pick<Pool, 'query'>,
  application: string,
  after: string,
  version: bigint,
): ReturnType<Page> {
  const { rows } = await pool.query<QuotaFacts & { readonly head: string }>(
    'SELECT quotas.*, (SELECT stream_version FROM stream_heads AS h WHERE h.stream = quotas.stream) AS head ' +
      'FROM quotas WHERE application = $1 AND quota_id > $2 ORDER BY quota_id LIMIT $3',
    [application, after, PAGE],
  );
  if (rows.every(({ head }) => BigInt(head) === version)) {
    return { rows, next: rows.length < PAGE ? null : (rows.at(-1)?.quota_id ?? null) };
  }
  throw new TablesBehind(`application:${application} has moved on: replay it as of a time.`);
}
