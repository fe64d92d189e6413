import { existsSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const repository = path.join(import.meta.dirname, '../../../..');

/** null: the traces are not on this machine. */
export function tracesDirectory(): string | null {
  const directory = process.env['PRORATA_TRACES'] ?? path.join(repository, '../shared/traces');
  return existsSync(path.join(directory, 'nab.parquet')) ? directory : null;
}

export interface TraceGroup {
  readonly name: string;
  /** SQL: rows of `series`, `moment` (timestamp) and `value`. */
  readonly rows: (directory: string) => string;
}

const nab = (group: string): TraceGroup => ({
  name: group,
  rows: (directory) =>
    `SELECT series, timestamp::TIMESTAMP AS moment, value FROM read_parquet('${directory}/nab.parquet')
     WHERE "group" = '${group}'`,
});

export const nabGroups = ['realAWSCloudwatch', 'realKnownCause', 'realTraffic', 'realTweets'].map(
  nab,
);
export const containers: TraceGroup = {
  name: 'Alibaba containers',
  rows: (directory) =>
    `SELECT series, t AS moment, cpu AS value FROM read_parquet('${directory}/alibaba2018_vasim_2.parquet')`,
};
/** Requests, and their tokens, of two services. */
export const inference: TraceGroup = {
  name: 'Azure LLM inference',
  rows: (directory) => {
    const from = `FROM read_parquet('${directory}/azure_llm2023.parquet')`;
    return `SELECT service || ' requests' AS series, timestamp::TIMESTAMP AS moment, 1 AS value ${from}
      UNION ALL SELECT service || ' tokens', timestamp::TIMESTAMP, ContextTokens + GeneratedTokens ${from}`;
  },
};

/** Each series in even steps; NaN where it says nothing. */
export async function traceSeries(
  directory: string,
  group: TraceGroup,
  stepSeconds: number,
  aggregate: 'max' | 'avg' | 'sum',
): Promise<Float64Array[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(`
    SELECT series, (epoch(moment) // ${stepSeconds})::INTEGER AS step, ${aggregate}(value)::DOUBLE AS value
    FROM (${group.rows(directory.replaceAll("'", "''"))}) GROUP BY ALL ORDER BY series, step`);
  const rows = result.getRows() as [string, number, number][];
  connection.closeSync();
  instance.closeSync();
  return [...Map.groupBy(rows, ([series]) => series).values()].map((steps) => {
    const numbers = steps.map(([, step]) => step);
    const first = Math.min(...numbers);
    const values = new Float64Array(Math.max(...numbers) - first + 1).fill(NaN);
    for (const [, step, value] of steps) values[step - first] = value;
    return values;
  });
}
