import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { assertPreparedSelect, assertSelect } from './assertSelect.ts';
import { QueryFault } from './queryFault.ts';

export interface QueryLimits {
  /** What more there is is not read. */
  readonly rowsMax: number;
  readonly timeoutMs: number;
}

export interface QueryAnswer {
  readonly columns: readonly QueryColumn[];
  /** By column: numbers that a double holds as such, larger ones and decimals as text, times as RFC 3339. */
  readonly rows: readonly (readonly unknown[])[];
  /** Whether there were more rows than are given. */
  readonly isCut: boolean;
}

export interface QueryColumn {
  readonly name: string;
  /** As DuckDB calls it. */
  readonly type: string;
}

/**
 * Answers one SELECT.
 * @throws QueryFault
 */
export async function runQuery(
  connection: DuckDBConnection,
  sql: string,
  { rowsMax, timeoutMs }: QueryLimits,
): Promise<QueryAnswer> {
  await assertSelect(connection, sql);
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    connection.interrupt();
  }, timeoutMs);
  try {
    return await read(connection, sql, rowsMax);
  } catch (error) {
    if (error instanceof QueryFault) throw error;
    if (late.signal.aborted) {
      throw new QueryFault('TIME_LIMIT', `it took more than ${timeoutMs / 1_000} s`);
    }
    throw new QueryFault('QUERY_FAILED', (error as Error).message, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function read(
  connection: DuckDBConnection,
  sql: string,
  rowsMax: number,
): Promise<QueryAnswer> {
  const prepared = await connection.prepare(sql);
  assertPreparedSelect(prepared.statementType);
  const result = await prepared.stream();
  const types = result.columnTypes();
  const columns = result
    .deduplicatedColumnNames()
    .map((name, at) => ({ name, type: String(types[at]) }));
  const rows: (readonly unknown[])[] = [];
  for await (const chunk of result.yieldRowsJson()) {
    for (const row of chunk) {
      if (rows.length === rowsMax) return { columns, rows, isCut: true };
      rows.push(row.map((value, at) => plainValue(value, types[at])));
    }
  }
  return { columns, rows, isCut: false };
}

const TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?)\+00$/;
const WHOLE = /^-?\d+$/;

function plainValue(value: unknown, type: DuckDBType | undefined): unknown {
  if (typeof value !== 'string') return value;
  const name = String(type);
  if (name === 'TIMESTAMP WITH TIME ZONE') return value.replace(TIME, '$1T$2Z');
  if (!/^U?(BIG|HUGE)INT$/.test(name) || !WHOLE.test(value)) return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
