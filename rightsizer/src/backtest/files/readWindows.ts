import type { DuckDBConnection } from '@duckdb/node-api';
import { BacktestFault } from '../backtestFault.ts';
import type { DemandSeries } from '../demandSeries.ts';

export interface ReadDemand {
  /** By name. */
  readonly series: readonly DemandSeries[];
  /** Rows without a time, or without an amount of 0 or more. */
  readonly ignored: number;
}

/** All windows are held at once, eight bytes each, and the limits of one series beside them. */
export const WINDOWS_MAX = 20_000_000;
export const SERIES_MAX = 100_000;

/** @param parts selects of `series`, `us` and `amount` @throws BacktestFault */
export async function readWindows(
  connection: DuckDBConnection,
  parts: readonly string[],
  stepMicros: bigint,
): Promise<ReadDemand> {
  const told = 'us IS NOT NULL AND amount >= 0 AND isfinite(amount) AND series IS NOT NULL';
  const rows = parts.join(' UNION ALL ');
  await connection.run(`
    CREATE TEMP TABLE windows AS
    SELECT series, "window", max(amount) AS amount FROM (
      SELECT series, floor(us::DOUBLE / ${stepMicros}) AS "window", amount FROM (${rows}) WHERE ${told}
    ) GROUP BY ALL`);
  const counted = await connection.runAndReadAll(
    `SELECT count(*) FROM (${rows}) WHERE (${told}) IS NOT TRUE`,
  );
  await assertBounds(connection);
  return {
    series: await seriesOf(connection, stepMicros),
    ignored: Number(counted.getRows()[0]?.[0] ?? 0),
  };
}

async function assertBounds(connection: DuckDBConnection): Promise<void> {
  const result = await connection.runAndReadAll(`
    SELECT count(*)::DOUBLE, coalesce(sum(length), 0)::DOUBLE FROM (
      SELECT max("window") - min("window") + 1 AS length FROM windows GROUP BY series)`);
  const [series = 0, windows = 0] = (result.getRows()[0] ?? []).map(Number);
  if (series === 0) throw new BacktestFault('NO_SERIES', 'no row has a time and an amount');
  if (series > SERIES_MAX) {
    throw new BacktestFault('TOO_MANY_SERIES', `${series}; at most ${SERIES_MAX}: cut the file`);
  }
  // One wrong time stretches its series over all the years between.
  if (windows > WINDOWS_MAX) {
    throw new BacktestFault(
      'TOO_MANY_WINDOWS',
      `${windows} from each series' first time to its last; at most ${WINDOWS_MAX}: a longer --step, or fewer series`,
    );
  }
}

async function seriesOf(
  connection: DuckDBConnection,
  stepMicros: bigint,
): Promise<readonly DemandSeries[]> {
  const extents = await connection.runAndReadAll(`
    SELECT series, min("window"), max("window") FROM windows GROUP BY series ORDER BY series`);
  const series = extents.getRows().map(([name, first, last]): DemandSeries => ({
    name: String(name),
    from: BigInt(Number(first)) * stepMicros,
    stepMicros,
    values: new Float64Array(Number(last) - Number(first) + 1).fill(NaN),
  }));
  const order = new Map(series.map(({ name }, at) => [name, at]));
  const starts = extents.getRows().map(([, first]) => Number(first));
  const result = await connection.stream('SELECT series, "window", amount FROM windows');
  for await (const rows of result.yieldRows()) {
    for (const [name, window, amount] of rows) {
      const at = order.get(String(name)) ?? 0;
      const values = series[at]?.values;
      if (values !== undefined) values[Number(window) - (starts[at] ?? 0)] = Number(amount);
    }
  }
  return series;
}
