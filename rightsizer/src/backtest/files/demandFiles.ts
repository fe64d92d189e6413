import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText, UsageDatabase } from '../../table/usageDatabase.ts';
import { BacktestFault } from '../backtestFault.ts';
import { amountColumn, sqlName, timeColumn } from './columnTypes.ts';
import type { TimeUnit } from './columnTypes.ts';
import { readWindows } from './readWindows.ts';
import type { ReadDemand } from './readWindows.ts';
import { stageFiles } from './stageFiles.ts';
import type { StagedFile } from './stageFiles.ts';

/** Which columns say what. */
export interface DemandColumns {
  /** Whose demand a row tells; null: all rows are of one series. */
  readonly series: string | null;
  readonly time: string;
  readonly value: string;
  /** What was refused, added to the value; null: the value has it. */
  readonly refused: string | null;
  /** What plain numbers count since 1970, or since anything; null: told by their size. */
  readonly timeUnit: TimeUnit | null;
}

/** For sorting; more spills to the folder. */
const DATABASE = { memoryMb: 1_024, threads: 2 };

/**
 * The demand that files tell: per series and window the highest.
 * @param folder empty, ours; what is in it afterwards may be deleted
 * @throws BacktestFault
 */
export async function readDemandFiles(
  files: readonly string[],
  columns: DemandColumns,
  stepMicros: bigint,
  folder: string,
): Promise<ReadDemand> {
  const staged = await stageFiles(files, folder);
  const database = await UsageDatabase.open(folder, DATABASE);
  try {
    const connection = await database.connect();
    const parts: string[] = [];
    for (const file of staged) parts.push(await selectOf(connection, file, columns));
    return await readWindows(connection, parts, stepMicros);
  } catch (cause) {
    if (cause instanceof BacktestFault) throw cause;
    // A row far down may be another than the first ones promised.
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new BacktestFault('FILE_UNREADABLE', text, { cause });
  } finally {
    database.close();
  }
}

/** Columns `series`, `us` and `amount` of one file. */
async function selectOf(
  connection: DuckDBConnection,
  file: StagedFile,
  columns: DemandColumns,
): Promise<string> {
  const source = sourceOf(file);
  const types = await typesOf(connection, file, source);
  for (const name of [columns.series, columns.time, columns.value, columns.refused]) {
    if (name === null || types.has(name)) continue;
    const there = [...types.keys()].join(', ');
    throw new BacktestFault('COLUMN_UNKNOWN', `${file.name} has no ${name}; it has ${there}`);
  }
  const read = { connection, source, types };
  const time = await timeColumn(read, columns.time, columns.timeUnit);
  const value = await amountColumn(read, columns.value);
  const refused =
    columns.refused === null
      ? ''
      : ` + greatest(coalesce(${await amountColumn(read, columns.refused)}, 0), 0)`;
  const series =
    columns.series === null ? sqlText(file.name) : `${sqlName(columns.series)}::VARCHAR`;
  return `SELECT ${series} AS series, ${time} AS us, ${value}${refused} AS amount FROM ${source}`;
}

function sourceOf({ kind, place }: StagedFile): string {
  switch (kind) {
    case 'parquet':
      return `read_parquet(${sqlText(place)})`;
    case 'csv':
      return `read_csv(${sqlText(place)}, sample_size = -1)`;
    case 'json':
      return `read_json(${sqlText(place)}, sample_size = -1)`;
  }
}

async function typesOf(
  connection: DuckDBConnection,
  file: StagedFile,
  source: string,
): Promise<ReadonlyMap<string, string>> {
  try {
    const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    return new Map(result.getRows().map(([name, type]) => [String(name), String(type)]));
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new BacktestFault('FILE_UNREADABLE', `${file.name}: ${text}`, { cause });
  }
}
