import { DuckDBDecimalValue, DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { picosOf } from '@prorata/quota-model';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { focusColumns } from './focusColumns.ts';
import type { FocusColumn, FocusType, FocusValue } from './focusColumns.ts';
import type { FocusNames } from './focusNames.ts';

const WIDTH = 38;
const PLACES = 12;

const types: Readonly<Record<FocusType, string>> = {
  text: 'VARCHAR',
  decimal: `DECIMAL(${WIDTH},${PLACES})`,
  time: 'TIMESTAMP WITH TIME ZONE',
};

/** Lines that DuckDB takes before they are handed over: beyond its memory it spills. */
const FLUSH_LINES = 2_048;

/**
 * Writes lines as a Parquet file (ZSTD): decimals as DECIMAL(38,12), times as UTC to the microsecond, texts as they
 * are, formulas or not.
 *
 * @param connection of a database that may write there
 * @param file replaced where it is there
 * @returns how many lines
 * @throws when a quantity has more than 26 digits: nothing is written
 */
export async function writeFocusParquet(
  connection: DuckDBConnection,
  lines: AsyncIterable<ChargeLine> | Iterable<ChargeLine>,
  names: FocusNames,
  file: string,
): Promise<number> {
  const columns = focusColumns.map(({ name, type }) => `"${name}" ${types[type]}`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE focus (${columns.join(', ')})`);
  try {
    const rows = await append(connection, lines, names);
    await connection.run(`COPY focus TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`);
    return rows;
  } finally {
    await connection.run('DROP TABLE IF EXISTS focus');
  }
}

async function append(
  connection: DuckDBConnection,
  lines: AsyncIterable<ChargeLine> | Iterable<ChargeLine>,
  names: FocusNames,
): Promise<number> {
  const appender = await connection.createAppender('focus');
  let rows = 0;
  try {
    for await (const line of lines) {
      for (const column of focusColumns) put(appender, column, column.valueOf(line, names));
      appender.endRow();
      rows += 1;
      if (rows % FLUSH_LINES === 0) appender.flushSync();
    }
  } finally {
    appender.closeSync();
  }
  return rows;
}

function put(appender: DuckDBAppender, { name, type }: FocusColumn, value: FocusValue): void {
  if (value === null) appender.appendNull();
  else if (type === 'text') appender.appendVarchar(value);
  else if (type === 'time') appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(value)));
  else appender.appendDecimal(decimalOf(name, value));
}

const LARGEST = 10n ** BigInt(WIDTH);

function decimalOf(name: string, decimal: string): DuckDBDecimalValue {
  const picos = picosOf(decimal);
  if (picos < LARGEST && picos > -LARGEST) return new DuckDBDecimalValue(picos, WIDTH, PLACES);
  throw new RangeError(`${name} ${decimal} does not fit DECIMAL(${WIDTH},${PLACES}).`);
}
