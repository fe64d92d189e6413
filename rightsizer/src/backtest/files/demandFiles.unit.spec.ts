import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDemandFiles } from './demandFiles.ts';
import type { DemandColumns } from './demandFiles.ts';
import type { ReadDemand } from './readWindows.ts';

const STEP = 300_000_000n;
const columns: DemandColumns = {
  series: 'vm',
  time: 't',
  value: 'v',
  refused: null,
  timeUnit: null,
};

let folder: string;
let count = 0;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-demand-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileOf(content: string | Buffer, name = 'demand.csv'): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

async function read(
  files: readonly string[],
  changed: Partial<DemandColumns> = {},
): Promise<ReadDemand> {
  const scratch = await mkdtemp(path.join(folder, `scratch-${(count += 1)}-`));
  return readDemandFiles(files, { ...columns, ...changed }, STEP, scratch);
}

const valuesOf = ({ series }: ReadDemand): Record<string, number[]> =>
  Object.fromEntries(series.map(({ name, values }) => [name, [...values]]));

describe('demand from files', () => {
  it('is the highest of each window; a window without a row is not known', async () => {
    const file = await fileOf('vm,t,v\na,0,1\na,299,3.5\na,300,2\na,900,4\nb,600,7\n');
    const demand = await read([file]);
    expect(valuesOf(demand)).toEqual({ a: [3.5, 2, NaN, 4], b: [7] });
    expect(demand.series.map(({ from }) => from)).toEqual([0n, 600_000_000n]);
  });

  it.each([
    ['seconds since 1970', '1700000100', '1700000400'],
    ['seconds since anything', '0', '300'],
    ['milliseconds', '1700000100000', '1700000400000'],
    ['microseconds', '1700000100000000', '1700000400000000'],
    ['nanoseconds', '1700000100000000000', '1700000400000000000'],
    ['fractions of seconds', '1700000100.25', '1700000400.75'],
    ['RFC 3339', '2023-11-14T22:15:00Z', '2023-11-14T23:20:00+01:00'],
    ['times of a database', '2023-11-14 22:15:00', '2023-11-14 22:20:00'],
  ])('takes times as %s', async (_, first, second) => {
    const file = await fileOf(`vm,t,v\na,${first},1\na,${second},2\n`);
    expect(valuesOf(await read([file]))).toEqual({ a: [1, 2] });
  });

  it('takes what plain numbers count from the caller, where their size would mislead', async () => {
    const file = await fileOf('vm,t,v\na,0,1\na,300000,2\n');
    expect(valuesOf(await read([file], { timeUnit: 'ms' }))).toEqual({ a: [1, 2] });
  });

  it('reads NDJSON and what is compressed, whatever the file is called', async () => {
    const lines =
      '{"vm":"a","t":"2024-01-01T00:00:00Z","v":0.125}\n{"vm":"a","t":"2024-01-01T00:05:00Z","v":1e9}\n';
    const plain = await fileOf(lines, 'demand[1]*.txt');
    const packed = await fileOf(gzipSync(lines), 'demand.gz');
    expect(valuesOf(await read([plain]))).toEqual({ a: [0.125, 1e9] });
    expect(valuesOf(await read([packed]))).toEqual({ a: [0.125, 1e9] });
  });

  it('reads Parquet with decimals, unsigned and timestamps, and several files as one', async () => {
    const file = path.join(folder, 'demand.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (
      SELECT 7::UTINYINT AS vm, TIMESTAMP_NS '2024-01-01 00:00:00' AS t, 1.25::DECIMAL(18, 3) AS v
    ) TO '${file}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    const more = await fileOf('vm,t,v\n7,2024-01-01T00:05:00Z,3\n');
    expect(valuesOf(await read([file, more]))).toEqual({ 7: [1.25, 3] });
  });

  it('adds what was refused', async () => {
    const file = await fileOf('vm,t,v,no\na,0,1,2.5\na,300,2,\n');
    expect(valuesOf(await read([file], { refused: 'no' }))).toEqual({ a: [3.5, 2] });
  });

  it('is one series where no column tells whose it is', async () => {
    const file = await fileOf('t,v\n0,1\n300,2\n');
    expect(valuesOf(await read([file], { series: null }))).toEqual({ [file]: [1, 2] });
  });

  it('leaves out rows without a time or an amount, and says how many', async () => {
    const file = await fileOf('vm,t,v\na,0,1\na,,5\na,300,\na,600,-2\na,900,nan\na,1200,3\n');
    const demand = await read([file]);
    expect(demand.ignored).toBe(4);
    expect(valuesOf(demand)).toEqual({ a: [1, NaN, NaN, NaN, 3] });
  });

  it.each([
    ['COLUMN_UNKNOWN', 'it has vm, t, v', 'vm,t,v\na,0,1\n', { value: 'cpu' }],
    ['TIME_UNREADABLE', 't holds no times', 'vm,t,v\na,soon,1\n', {}],
    ['VALUE_UNREADABLE', 'v holds no numbers', 'vm,t,v\na,0,true\n', {}],
    ['VALUE_UNREADABLE', 'v holds no numbers', 'vm,t,v\na,0,100 rps\na,300,90 rps\n', {}],
    ['NO_SERIES', 'no row', 'vm,t,v\na,0,-1\n', {}],
    ['TOO_MANY_WINDOWS', 'from each', 'vm,t,v\na,0,1\na,90000000000,1\n', {}],
  ])('refuses with %s', async (code, message, content, changed) => {
    const file = await fileOf(content);
    const refused = await read([file], changed).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code });
    expect(String(refused)).toContain(message);
  });

  it('refuses what is no file', async () => {
    await expect(read([folder])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    const cut = await fileOf('PAR1 and nothing else', 'cut.parquet');
    await expect(read([cut])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(read([path.join(folder, 'none')])).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });

  it('leaves the files as they are', async () => {
    const file = await fileOf('vm,t,v\na,0,1\n');
    await read([file]);
    expect(await readdir(folder)).toContain('demand.csv');
  });
});
