/**
 * What `bench budget` measures: `make`, `ours` or `floor`, a folder, and the number of budgets. Each is a process of its own,
 * so that its peak memory is its own. Prints a line of JSON a figure.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { CommandDesk } from '../commandDesk.ts';
import { LedgerReader } from '../ledger/ledgerReader.ts';
import { productionPolicy } from '../policy.ts';
import { Rollups } from '../rollups/rollups.ts';
import { DAY_MICROS, HOUR_MICROS } from '../rollups/rollupSql.ts';
import type { UsageSnapshot } from '../table/usageReader.ts';
import { sqlText, UsageDatabase } from '../table/usageDatabase.ts';
import { Throttle } from '../throttle/throttle.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { benchTree, projectsOf } from './budgetTree.ts';

/** As the service has it. */
const LIMITS = { memoryMb: 512, threads: 1 };
const KEEPING = { minutesMs: 1e12, hoursMs: 1e12 };
/** The 21st of a month, and four weeks before it: an hour's usage of a project is a row. */
const NOW = BigInt(Date.parse('2026-03-21T00:00:00Z')) * 1_000n;
const DAYS = 48n;
const FROM = NOW - DAYS * DAY_MICROS;
const MONTH = BigInt(Date.parse('2026-02-28T23:00:00Z')) * 1_000n;
const CYCLES = 5;
/** Each project uses something in every twelfth hour: more would take minutes to roll up before anything is measured. */
const HOURS_APART = 12;

const say = (figure: string, ours: number): void =>
  void process.stdout.write(`${JSON.stringify({ figure, ours })}\n`);

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const begun = performance.now();
  const result = await work();
  return { seconds: (performance.now() - begun) / 1_000, result };
}

function medianOf(seconds: readonly number[]): number {
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
}

/** A file a day, as a table has them: what is rolled up reads the days that it is about. */
const rowsFiles = (root: string): { key: string; windowStart: bigint; windowEnd: bigint }[] =>
  Array.from({ length: Number(DAYS) }, (_, day) => {
    const windowStart = FROM + BigInt(day) * DAY_MICROS;
    const key = path.join(root, `rows-${day}.parquet`);
    return { key, windowStart, windowEnd: windowStart + DAY_MICROS };
  });

async function make(root: string, budgets: number): Promise<void> {
  const database = await UsageDatabase.open(root, { memoryMb: 1_024, threads: 2 });
  const connection = await database.connect();
  const names = projectsOf(budgets).map((name) => `(${sqlText(name)})`);
  await connection.run(`CREATE TABLE projects(project VARCHAR)`);
  for (let at = 0; at < names.length; at += 5_000) {
    await connection.run(`INSERT INTO projects VALUES ${names.slice(at, at + 5_000).join(', ')}`);
  }
  for (const { key, windowStart } of rowsFiles(root)) {
    await connection.run(dayOfRows(key, windowStart));
  }
  const rollups = await rollupsIn(root, database);
  await rollups.of(versionOf(root, database), NOW);
  connection.closeSync();
  database.close();
}

function dayOfRows(file: string, from: bigint): string {
  return `
    COPY (
      SELECT 'bench' AS source, 0 AS source_partition, 0::BIGINT AS source_offset, 'host' AS host_id,
        'boot' AS boot_id, 0::BIGINT AS "sequence", 'moka' AS application,
        'moka/' || replace(project, '/', '-') AS quota_id, project, make_timestamptz(started) AS window_start,
        make_timestamptz(started + 60000000) AS window_end, 'tokens' AS resource,
        (hash(project, started) % 10000)::BIGINT AS used, 0::BIGINT AS refused, 0::BIGINT AS queued,
        1::BIGINT AS peak, NULL::VARCHAR AS zone, 0::BIGINT AS trial_refused
      FROM (SELECT project, ${from}::BIGINT + hour * ${HOUR_MICROS} AS started
        FROM projects, range(0, 24, ${HOURS_APART}) hours(hour))
      ORDER BY window_start, project
    ) TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`;
}

async function rollupsIn(root: string, database: UsageDatabase): Promise<Rollups> {
  const directory = path.join(root, 'rollups');
  await mkdir(directory, { recursive: true });
  return Rollups.open({ directory, database, keeping: KEEPING });
}

function versionOf(root: string, database: UsageDatabase): UsageSnapshot {
  const all = rowsFiles(root).map((file) => ({ ...file, rows: 1, bytes: 0 }));
  const version = {
    ...{ version: 1, snapshotId: 1n, positions: new Map([['bench/0', 1n]]) },
    files: ({ from, to } = { from: FROM, to: NOW }) =>
      Promise.resolve(all.filter((file) => file.windowStart < to && file.windowEnd > from)),
    newestUsage: () => Promise.resolve(new Map([['moka', NOW]])),
    async scan(
      files: readonly { readonly key: string }[],
      work: (rows: string, connection: unknown) => Promise<unknown>,
    ): Promise<unknown> {
      const connection = await database.connect();
      try {
        return await work(readSql(files), connection);
      } finally {
        connection.closeSync();
      }
    },
  };
  return version as unknown as UsageSnapshot;
}

function readSql(files: readonly { readonly key: string }[]): string {
  return `read_parquet([${files.map(({ key }) => sqlText(key)).join(', ')}])`;
}

async function ours(root: string, budgets: number): Promise<void> {
  const database = await UsageDatabase.open(root, LIMITS);
  const rollups = await rollupsIn(root, database);
  const { view, budgets: defined } = benchTree(budgets);
  const version = versionOf(root, database);
  let posted = 0;
  const throttle = new Throttle({
    view: { view, settle: () => Promise.resolve(true) },
    reader: { newest: () => Promise.resolve(version) },
    ledger: new LedgerReader(view.ledger, rollups),
    freshness: { look: () => Promise.resolve(), caughtUpAt: () => NOW },
    // What is decided is not waited for: a gateway's time is not measured here.
    desk: new CommandDesk(({ commandId }) => {
      posted += 1;
      return Promise.resolve({
        ...{ status: 'accepted', commandId, code: 'ACCEPTED', detail: null },
        ...{ violations: [], outcome: null },
      });
    }),
    policy: productionPolicy,
  } as unknown as ThrottleParts);
  say('budgets', defined);
  const first = await timed(() => throttle.evaluate(NOW));
  const { faults, budgets: looked } = first.result;
  if (faults.length > 0) throw faults[0]?.error;
  if (looked.some(({ verdict }) => verdict.overrunBasisPoints === null))
    throw new Error(JSON.stringify(looked[0]?.verdict.frozen));
  say('first cycle', first.seconds);
  say('commands', posted);
  const seconds: number[] = [];
  const busy = process.cpuUsage();
  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    seconds.push((await timed(() => throttle.evaluate(NOW + BigInt(cycle)))).seconds);
  }
  const { user, system } = process.cpuUsage(busy);
  say('cycle', medianOf(seconds));
  say('cycle, processor', (user + system) / 1_000_000 / CYCLES);
  const one = await timed(() => throttle.look('org-000', 'project-0', NOW));
  say('one', one.seconds);
  database.close();
}

/** One grouped scan of the same rows, and nothing else. */
async function floor(root: string): Promise<void> {
  const database = await UsageDatabase.open(root, LIMITS);
  const connection = await database.connect();
  const scan = () =>
    connection.runAndReadAll(`SELECT project, application, resource, sum(used) AS used
      FROM ${readSql(rowsFiles(root))}
      WHERE window_start >= make_timestamptz(${MONTH}) GROUP BY ALL`);
  const seconds: number[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle += 1) seconds.push((await timed(scan)).seconds);
  say('cycle', medianOf(seconds));
  connection.closeSync();
  database.close();
}

const [mode, root, budgetsText] = process.argv.slice(2);
if (root === undefined || budgetsText === undefined) throw new TypeError('MODE FOLDER BUDGETS');
await mkdir(root, { recursive: true });
if (mode === 'make') await make(root, Number(budgetsText));
else if (mode === 'ours') await ours(root, Number(budgetsText));
else await floor(root);
say('memory', process.resourceUsage().maxRSS / 1_024);
