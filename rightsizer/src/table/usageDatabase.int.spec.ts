import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeEach, describe, expect, it } from 'vitest';
import { sqlText, UsageDatabase } from './usageDatabase.ts';

let root: string;
let outside: string;
let connection: DuckDBConnection;

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'locked-')));
  outside = await realpath(await mkdtemp(path.join(os.tmpdir(), 'outside-')));
  await writeFile(path.join(outside, 'secret.csv'), 'name\nhunter2\n');
  const database = await UsageDatabase.open(root, { memoryMb: 64, threads: 1 });
  connection = await database.connect();
  return async () => {
    connection.closeSync();
    database.close();
    for (const folder of [root, outside]) await rm(folder, { recursive: true });
  };
});

const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjects();

describe('the database of usage', () => {
  it('reads and writes in its folder', async () => {
    const file = sqlText(path.join(root, 'rows.parquet'));
    await connection.run(`COPY (SELECT 7 AS used) TO ${file} (FORMAT parquet, COMPRESSION zstd)`);
    expect(await ask(`SELECT used FROM read_parquet(${file})`)).toEqual([{ used: 7 }]);
  });

  it('reads and writes nothing outside it', async () => {
    const secret = path.join(outside, 'secret.csv');
    const around = path.join(root, '..', path.basename(outside), 'secret.csv');
    const written = path.join(outside, 'out');
    const refused = [
      `SELECT * FROM read_csv(${sqlText(secret)})`,
      `SELECT * FROM read_csv(${sqlText(around)})`,
      `SELECT * FROM read_text(${sqlText(secret)})`,
      `SELECT * FROM glob(${sqlText(path.join(outside, '*'))})`,
      `SELECT * FROM ${sqlText(secret)}`,
      `COPY (SELECT 1) TO ${sqlText(written)}`,
      `COPY (SELECT 1) TO ${sqlText(`${root}-beside`)}`,
      `ATTACH ${sqlText(written)} AS other`,
      `EXPORT DATABASE ${sqlText(written)}`,
      `SELECT * FROM read_csv('/proc/self/environ')`,
    ];
    for (const sql of refused) await expect(connection.run(sql), sql).rejects.toThrow(/disabled/);
  });

  it('asks nobody on the network, and loads nothing', async () => {
    const refused = [
      `SELECT * FROM read_parquet('s3://bucket/rows.parquet')`,
      `SELECT * FROM read_parquet('https://127.0.0.1:1/rows.parquet')`,
      `COPY (SELECT 1) TO 's3://bucket/rows.parquet'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      `LOAD ${sqlText(path.join(root, 'any.duckdb_extension'))}`,
    ];
    for (const sql of refused)
      await expect(connection.run(sql), sql).rejects.toThrow(/disabled|not found|not allowed/i);
  });

  it('stays as it was locked', async () => {
    const refused = [
      'SET enable_external_access = true',
      `SET allowed_directories = ['/']`,
      'SET threads = 64',
      `SET memory_limit = '1TB'`,
      `SET temp_directory = ${sqlText(outside)}`,
      'SET lock_configuration = false',
      'SET autoinstall_known_extensions = true',
      'RESET memory_limit',
    ];
    for (const sql of refused)
      await expect(connection.run(sql), sql).rejects.toThrow(/locked|cannot/i);
  });

  it('spills into its folder what does not fit into its memory, and runs in the threads it was given', async () => {
    const settings = await ask(
      `SELECT current_setting('threads') AS threads, current_setting('temp_directory') AS spill`,
    );
    expect(settings).toMatchObject([{ threads: 1n }]);
    expect(path.dirname(String(settings[0]?.['spill']))).toBe(path.join(root, 'spill'));
    const sorted = `SELECT count(*) AS count FROM (
      SELECT sha256(i::VARCHAR) AS text FROM range(900000) t(i) ORDER BY text LIMIT 800000)`;
    expect(await ask(sorted)).toEqual([{ count: 800_000n }]);
    const held = `SELECT length(string_agg(sha256(i::VARCHAR))) FROM range(2000000) t(i)`;
    await expect(ask(held)).rejects.toThrow(/Out of Memory/);
  });

  it('spills where no other database on the same folder does, and removes what dead ones have spilled', async () => {
    const spill = path.join(root, 'spill');
    const uuid = '00000000-0000-4000-8000-000000000000';
    // In a container, who died had the same host and number.
    const dead = [`${os.hostname()}.999999999.${uuid}`, `${os.hostname()}.${process.pid}.${uuid}`];
    const alive = [`${os.hostname()}.${process.ppid}.${uuid}`, `elsewhere.1.${uuid}`];
    for (const name of [...dead, ...alive]) await mkdir(path.join(spill, name));
    const setting = `SELECT current_setting('temp_directory') AS spill`;
    const [first] = await ask(setting);
    await mkdir(String(first?.['spill']));
    const other = await UsageDatabase.open(root, { memoryMb: 64, threads: 1 });
    connection.closeSync();
    connection = await other.connect();
    const [second] = await ask(setting);
    other.close();
    expect(second).not.toEqual(first);
    const left = [...alive, path.basename(String(first?.['spill']))];
    expect((await readdir(spill)).sort()).toEqual(left.sort());
  });

  it('follows no link out of its folder', async () => {
    await mkdir(path.join(root, 'data'));
    await symlink(outside, path.join(root, 'data', 'link'));
    const linked = sqlText(path.join(root, 'data', 'link', 'secret.csv'));
    await expect(connection.run(`SELECT * FROM read_csv(${linked})`)).rejects.toThrow(/disabled/);
  });
});
