import type { DuckDBConnection } from '@duckdb/node-api';
import { BacktestFault } from '../backtestFault.ts';

/** What plain numbers of a time column count. */
export const timeUnits = ['s', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof timeUnits)[number];

const MICROS: Readonly<Record<TimeUnit, string>> = { s: '1e6', ms: '1e3', us: '1', ns: '1e-3' };

/**
 * Below these, numbers count the unit beside them: a second of the year 5138 is 1e11, a millisecond of 1973.
 * Seconds that begin at 0 are seconds too; finer ones from 0 have to be said.
 */
const SIZES: readonly (readonly [number, TimeUnit])[] = [
  [1e11, 's'],
  [1e14, 'ms'],
  [1e17, 'us'],
];

export interface ReadSource {
  readonly connection: DuckDBConnection;
  /** What stands after FROM. */
  readonly source: string;
  /** By column, as DuckDB calls it. */
  readonly types: ReadonlyMap<string, string>;
}

const NUMBER = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|^FLOAT$|^DOUBLE$|^DECIMAL/;

/** An expression: microseconds, NULL where there is no time. @throws BacktestFault TIME_UNREADABLE */
export async function timeColumn(
  read: ReadSource,
  column: string,
  unit: TimeUnit | null,
): Promise<string> {
  const type = read.types.get(column) ?? '';
  const name = sqlName(column);
  if (type === 'TIMESTAMP WITH TIME ZONE') return `epoch_us(${name})`;
  if (/^(?:TIMESTAMP|DATE)/.test(type)) return `epoch_us(${name}::TIMESTAMP)`;
  if (NUMBER.test(type)) return numberTime(read, `${name}::DOUBLE`, column, unit);
  if (type !== 'VARCHAR') throw noTime(column, type);
  const isNumber = await holds(read, `bool_and(TRY_CAST(${name} AS DOUBLE) IS NOT NULL)`, name);
  if (isNumber) return numberTime(read, `TRY_CAST(${name} AS DOUBLE)`, column, unit);
  const time = `TRY_CAST(${name} AS TIMESTAMPTZ)`;
  if (!(await holds(read, `bool_or(${time} IS NOT NULL)`, name))) throw noTime(column, type);
  return `epoch_us(${time})`;
}

/** An expression: a DOUBLE, NULL where there is no number. @throws BacktestFault VALUE_UNREADABLE */
export async function amountColumn(read: ReadSource, column: string): Promise<string> {
  const type = read.types.get(column) ?? '';
  const name = sqlName(column);
  if (NUMBER.test(type)) return `${name}::DOUBLE`;
  const amount = `TRY_CAST(${name} AS DOUBLE)`;
  // A unit behind each number makes words of all of them; a column without any value is no such thing.
  const isAmount =
    type === 'VARCHAR' && (await holds(read, `bool_or(${amount} IS NOT NULL) IS NOT FALSE`, name));
  if (isAmount) return amount;
  throw new BacktestFault('VALUE_UNREADABLE', `${column} holds no numbers but ${type}`);
}

async function numberTime(
  { connection, source }: ReadSource,
  number: string,
  column: string,
  unit: TimeUnit | null,
): Promise<string> {
  if (unit !== null) return `${number} * ${MICROS[unit]}`;
  const result = await connection.runAndReadAll(`SELECT max(abs(${number})) FROM ${source}`);
  const largest = Number(result.getRows()[0]?.[0] ?? 0);
  if (!Number.isFinite(largest)) throw noTime(column, 'what is not finite');
  const found = SIZES.find(([size]) => largest < size)?.[1] ?? 'ns';
  return `${number} * ${MICROS[found]}`;
}

async function holds(
  { connection, source }: ReadSource,
  condition: string,
  name: string,
): Promise<boolean> {
  const result = await connection.runAndReadAll(
    `SELECT ${condition} FROM ${source} WHERE ${name} IS NOT NULL`,
  );
  return result.getRows()[0]?.[0] === true;
}

const noTime = (column: string, type: string): BacktestFault =>
  new BacktestFault('TIME_UNREADABLE', `${column} holds no times but ${type}`);

export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
