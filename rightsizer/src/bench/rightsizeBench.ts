/**
 * The part of `bench rightsize` that decides limits: `make`, `ours`, `floor` or `peer`, a folder, and the number of
 * limits. Each is a process of its own, so that its peak memory is its own. Prints a line of JSON a figure.
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { DuckDBConnection } from '@duckdb/node-api';
import { productionPolicy } from '../policy.ts';
import { Rightsizer } from '../resize/rightsizer.ts';
import type { WatchedTable } from '../resize/rightsizer.ts';
import { emptyIndex, RollupStore } from '../rollups/rollupIndex.ts';
import type { Cell, FileKind, RollupFile } from '../rollups/rollupIndex.ts';
import { Rollups } from '../rollups/rollups.ts';
import { sqlText, UsageDatabase } from '../table/usageDatabase.ts';
import { limitsView } from './limitsView.ts';
import {
  DAYS,
  hourCells,
  hoursOf,
  hoursSql,
  krrSql,
  minutesSql,
  NOW,
  rangesOf,
  scanSql,
  windowsOf,
  windowsSql,
} from './windowRows.ts';

/** Theirs: both threads and as much memory as ours may take. Ours has what a service has, and a thread beside it. */
const BARE_LIMITS = { memoryMb: 3_072, threads: 2 };
const POSITIONS = new Map([['bench/0', 1n]]);

const say = (figure: string, ours: number): void =>
  void process.stdout.write(`${JSON.stringify({ figure, ours })}\n`);

const read = (file: string): string => `read_parquet(${sqlText(file)})`;
const windowsFile = (root: string): string => path.join(root, 'windows.parquet');
const windowsOn = (root: string, day: number): string => windowsOf(read(windowsFile(root)), day);

/** The windows of each day, and what is rolled up of them: as the roll-ups would have it, but for what no limit is sized by. */
async function make(root: string, limits: number, connection: DuckDBConnection): Promise<void> {
  const files = path.join(root, 'rollups', 'files');
  await mkdir(files, { recursive: true });
  const copy = async (sql: string, file: string): Promise<RollupFile> => {
    await connection.run(`COPY (${sql}) TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`);
    return { name: path.basename(file), bytes: (await stat(file)).size };
  };
  await copy(windowsSql(limits), windowsFile(root));
  const firstHours = path.join(root, 'hours.parquet');
  await copy(hoursSql(read(windowsFile(root))), firstHours);
  const cells: Cell[] = [];
  for (let day = 0; day <= DAYS; day += 1) {
    for (const cell of hourCells(day)) {
      const rolled: Partial<Record<FileKind, RollupFile>> = {};
      const name = (kind: string): string => path.join(files, `${kind}-${cell.from}.parquet`);
      if (cell.hasHours)
        rolled.hours = await copy(hoursOf(read(firstHours), day, cell), name('hours'));
      if (cell.hasMinutes) {
        rolled.minutes = await copy(minutesSql(windowsOn(root, day), cell), name('minutes'));
      }
      cells.push({ from: cell.from, to: cell.to, files: rolled });
    }
  }
  const store = new RollupStore(path.join(root, 'rollups'));
  const index = { ...emptyIndex, generation: 1, version: 1, snapshotId: 1n, positions: POSITIONS };
  if (!(await store.create({ ...index, cells }))) throw new Error('The folder is not empty.');
}

/** A whole evaluation of the production loop, but for the gateway: every limit is judged, and nothing is sent. */
async function ours(root: string, limits: number): Promise<void> {
  const database = await UsageDatabase.open(root);
  const directory = path.join(root, 'rollups');
  const rollups = await Rollups.open({
    directory,
    database,
    keeping: { minutesMs: 1e12, hoursMs: 1e12 },
  });
  const table = {
    ...{ version: 1, snapshotId: 1n, positions: POSITIONS },
    newestUsage: () => Promise.resolve(new Map([['llm', NOW]])),
  } as unknown as WatchedTable;
  const rightsizer = new Rightsizer({
    view: limitsView(limits, NOW),
    reader: { newest: () => Promise.resolve(table) },
    rollups,
    freshness: { look: () => Promise.resolve(), caughtUpAt: () => NOW },
    desk: {
      keep: () => undefined,
      post: (_subject, { commandId }) =>
        Promise.resolve({
          ...{ status: 'accepted' as const, commandId, code: 'ACCEPTED', detail: null },
          ...{ violations: [], outcome: { result: null } },
        }),
    },
    policy: productionPolicy,
  });
  say('resting memory', process.memoryUsage.rss() / 1_000_000);
  const [begun, used] = [performance.now(), process.cpuUsage()];
  const { findings, putOff } = await rightsizer.evaluate(NOW);
  say('decided', (performance.now() - begun) / 1_000);
  const { user, system } = process.cpuUsage(used);
  say('decided, processor', (user + system) / 1_000_000);
  const isCalledFor = (result: string): boolean => ['POSTED', 'PUT_OFF'].includes(result);
  say('changes called for', findings.filter(({ result }) => isCalledFor(result)).length);
  const isUnknown = (result: string): boolean => ['NO_DATA', 'USAGE_STALE'].includes(result);
  const judged = findings.filter(({ result }) => !isUnknown(result)).length;
  if (putOff !== null || judged !== limits) {
    throw new Error(`${judged} of ${limits} limits were judged.`);
  }
  database.close();
}

async function timed(work: () => Promise<void>): Promise<void> {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  await work();
  say('decided', (performance.now() - begun) / 1_000);
  const { user, system } = process.cpuUsage(used);
  say('decided, processor', (user + system) / 1_000_000);
}

/** The highest window of each limit and hour, of the bare windows, a day at a time. */
async function floor(root: string, connection: DuckDBConnection): Promise<void> {
  for (let day = 0; day <= DAYS; day += 1) {
    await connection.runAndReadAll(scanSql(windowsOn(root, day)));
  }
}

/** KRR's rule for a request, of the bare windows; some limits at a time, since it holds all of their windows. */
async function peer(root: string, limits: number, connection: DuckDBConnection): Promise<void> {
  const days = Array.from({ length: DAYS + 1 }, (_, day) => `FROM ${windowsOn(root, day)}`);
  for (const range of rangesOf(limits)) {
    await connection.runAndReadAll(krrSql(`(${days.join(' UNION ALL ')})`, range));
  }
}

const [mode, root, limitsText] = process.argv.slice(2);
if (root === undefined || limitsText === undefined) throw new TypeError('MODE FOLDER LIMITS');
const limits = Number(limitsText);
await mkdir(root, { recursive: true });
if (mode === 'ours') await ours(root, limits);
else {
  const database = await UsageDatabase.open(root, BARE_LIMITS);
  const connection = await database.connect();
  if (mode === 'make') await make(root, limits, connection);
  else
    await timed(() =>
      mode === 'floor' ? floor(root, connection) : peer(root, limits, connection),
    );
  connection.closeSync();
  database.close();
}
say('memory', process.resourceUsage().maxRSS / 1_024);
