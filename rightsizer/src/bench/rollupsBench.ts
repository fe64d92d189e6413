/**
 * The part of `bench usage` that rolls rows up: `make`, `ours` or `peer`, a folder, and the number of rows. Each is
 * a process of its own, so that its peak memory is its own. Prints a line of JSON a figure.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { DuckDBConnection } from '@duckdb/node-api';
import { Rollups } from '../rollups/rollups.ts';
import { DAY_MICROS } from '../rollups/rollupSql.ts';
import type { RowsFile, TableVersion } from '../table/tableVersion.ts';
import { sqlText, UsageDatabase } from '../table/usageDatabase.ts';
import { DAYS, FIRST_DAY, quotasOf, rowsSql } from './benchRows.ts';
import { peerPercentilesSql, peerStatements } from './handWrittenRollups.ts';

/** Both sides have the same. */
const LIMITS = { memoryMb: 1_024, threads: 2 };
const QUANTILES = [0.5, 0.95, 0.99];
/** Percentiles are asked for over all days, of so many quotas at once. */
const QUOTAS_ASKED = 100;
const KEEPING = { minutesMs: 1e12, hoursMs: 1e12 };

const say = (figure: string, ours: number): void =>
  void process.stdout.write(`${JSON.stringify({ figure, ours })}\n`);

/** @returns seconds by the clock, and of the processor */
async function timed(work: () => Promise<unknown>): Promise<{ seconds: number; busy: number }> {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - begun) / 1_000, busy: (user + system) / 1_000_000 };
}

const dayFile = (root: string, day: number): string => path.join(root, `day-${day}.parquet`);
const sortedFile = (root: string): string => path.join(root, 'sorted.parquet');

async function make(root: string, rows: number, connection: DuckDBConnection): Promise<void> {
  const copy = (sql: string, file: string) =>
    connection.run(`COPY (${sql}) TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`);
  for (let day = 0; day < DAYS; day += 1) await copy(rowsSql(rows, day, 1), dayFile(root, day));
  await copy(rowsSql(rows, 0, DAYS), sortedFile(root));
}

/** The table after its first days. */
function versionOf(
  root: string,
  rows: number,
  days: number,
  database: UsageDatabase,
): TableVersion {
  const files = Array.from({ length: days }, (_, day): RowsFile => {
    const from = FIRST_DAY + BigInt(day) * DAY_MICROS;
    // Windows reach into the next day.
    const bounds = { windowStart: from, windowEnd: from + DAY_MICROS + 10_000_000n };
    return { key: dayFile(root, day), rows: rows / DAYS, bytes: 0, ...bounds };
  });
  return {
    version: days,
    snapshotId: BigInt(days),
    positions: new Map([['bench/0', BigInt(days) * FIRST_DAY]]),
    files: (bounds) =>
      Promise.resolve(
        files.filter(
          ({ windowStart, windowEnd }) =>
            bounds === undefined || (windowStart < bounds.to && windowEnd > bounds.from),
        ),
      ),
    async scan(wanted, work) {
      const connection = await database.connect();
      try {
        const paths = wanted.map(({ key }) => sqlText(key));
        return await work(`read_parquet([${paths.join(', ')}])`, connection);
      } finally {
        connection.closeSync();
      }
    },
  };
}

async function ours(root: string, rows: number, database: UsageDatabase): Promise<void> {
  const directory = path.join(root, 'rollups');
  await mkdir(directory, { recursive: true });
  const rollups = await Rollups.open({ directory, database, keeping: KEEPING });
  const days: number[] = [];
  const whole = await timed(async () => {
    for (let day = 1; day <= DAYS; day += 1) {
      const now = FIRST_DAY + BigInt(day + 1) * DAY_MICROS;
      const { busy } = await timed(() => rollups.of(versionOf(root, rows, day, database), now));
      days.push(busy);
    }
  });
  say('rolled up', whole.seconds);
  say('rolled up, processor', whole.busy);
  // The first day begins with an empty process; the second has its windows to the next day alone.
  // Of the processor's time: a table that grows takes none of what the machine does besides.
  say('a day more, of a few', days[1] ?? Number.NaN);
  say('a day more, of many', days.at(-1) ?? Number.NaN);
  const usage = await rollups.of(
    versionOf(root, rows, DAYS, database),
    FIRST_DAY + BigInt(DAYS + 1) * DAY_MICROS,
  );
  const asked = {
    ...{ quotaIds: quotasOf(rows).slice(0, QUOTAS_ASKED), demandOf: 'host' as const },
    ...{ from: FIRST_DAY, to: FIRST_DAY + BigInt(DAYS) * DAY_MICROS, quantiles: QUANTILES },
  };
  const { seconds } = await timed(() => usage.percentiles(asked));
  say('percentiles', seconds);
}

async function peer(root: string, rows: number, connection: DuckDBConnection): Promise<void> {
  const source = `read_parquet(${sqlText(sortedFile(root))})`;
  const whole = await timed(async () => {
    for (const statement of peerStatements(source, root)) await connection.run(statement);
  });
  say('rolled up', whole.seconds);
  say('rolled up, processor', whole.busy);
  const query = peerPercentilesSql(root, quotasOf(rows).slice(0, QUOTAS_ASKED), QUANTILES);
  say('percentiles', (await timed(() => connection.runAndReadAll(query))).seconds);
}

const [mode, root, rowsText] = process.argv.slice(2);
if (root === undefined || rowsText === undefined) throw new TypeError('MODE FOLDER ROWS');
await mkdir(root, { recursive: true });
const database = await UsageDatabase.open(root, LIMITS);
const connection = await database.connect();
if (mode === 'make') await make(root, Number(rowsText), connection);
else if (mode === 'ours') await ours(root, Number(rowsText), database);
else await peer(root, Number(rowsText), connection);
say('memory', process.resourceUsage().maxRSS / 1_024);
connection.closeSync();
database.close();
