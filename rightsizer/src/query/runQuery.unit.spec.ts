import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageDatabase } from '../table/usageDatabase.ts';
import { answerLines } from './answerText.ts';
import { runQuery } from './runQuery.ts';

const limits = { rowsMax: 3, timeoutMs: 5_000 };
let directory: string;
let database: UsageDatabase;
let connection: DuckDBConnection;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'query-'));
  await writeFile(path.join(directory, 'inside.csv'), 'a\n1\n');
  database = await UsageDatabase.open(directory, { memoryMb: 128, threads: 1 });
  connection = await database.connect();
  await connection.run(`CREATE TEMP VIEW usage AS
    SELECT 'moka/ads' AS quota_id, 10::BIGINT AS used, TIMESTAMPTZ '2026-01-01 00:00:00.5Z' AS at
    UNION ALL SELECT 'moka/etl', 9007199254740993, NULL`);
});
afterAll(async () => {
  connection.closeSync();
  database.close();
  await rm(directory, { recursive: true });
});

/** What stands in the folder anyhow; `spill` is the database's own. */
const ownFiles = ['inside.csv', 'spill'];

const ask = (sql: string) => runQuery(connection, sql, limits);

describe('a query', () => {
  it('answers with exact numbers and times as everywhere else', async () => {
    const answer = await ask(`SELECT *, sum(used) OVER () AS total, 0.1::DECIMAL(5,2) AS money
      FROM usage ORDER BY quota_id -- whose`);
    expect(answer).toEqual({
      columns: [
        { name: 'quota_id', type: 'VARCHAR' },
        { name: 'used', type: 'BIGINT' },
        { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
        { name: 'total', type: 'HUGEINT' },
        { name: 'money', type: 'DECIMAL(5,2)' },
      ],
      rows: [
        ['moka/ads', 10, '2026-01-01T00:00:00.5Z', '9007199254741003', '0.10'],
        ['moka/etl', '9007199254740993', null, '9007199254741003', '0.10'],
      ],
      isCut: false,
    });
  });

  it.each([
    'WITH busy AS (SELECT quota_id FROM usage WHERE used > 5) SELECT count(*) FROM busy',
    'FROM usage SELECT quota_id LIMIT 1',
    'DESCRIBE usage',
    'SHOW TABLES',
    'SUMMARIZE usage',
    'VALUES (1)',
    'SELECT * FROM range(2), unnest([1])',
    "SELECT 'COPY usage TO x; DROP TABLE usage' AS text",
    'SELECT u.quota_id FROM usage u JOIN usage v USING (quota_id);',
  ])('is %s', async (sql) => {
    await expect(ask(sql)).resolves.toMatchObject({ isCut: false });
  });

  it.each([
    ["COPY usage TO 'out.csv'", 'NOT_A_SELECT'],
    ["COPY (SELECT 1) TO '/tmp/prorata-must-not-be.csv'", 'NOT_A_SELECT'],
    ["ATTACH 'other.db'", 'NOT_A_SELECT'],
    ['SET threads = 8', 'NOT_A_SELECT'],
    ['PRAGMA version', 'NOT_A_SELECT'],
    ['CALL pragma_version()', 'NOT_A_SELECT'],
    ['INSTALL httpfs', 'NOT_A_SELECT'],
    ['LOAD json', 'NOT_A_SELECT'],
    ['EXPLAIN ANALYZE SELECT 1', 'NOT_A_SELECT'],
    ['CREATE TABLE t AS SELECT 1', 'NOT_A_SELECT'],
    ['DROP VIEW usage', 'NOT_A_SELECT'],
    ['INSERT INTO usage VALUES (1)', 'NOT_A_SELECT'],
    ["EXPORT DATABASE 'x'", 'NOT_A_SELECT'],
    ['SELECT 1; SELECT 2', 'NOT_A_SELECT'],
    ["SELECT 1; COPY usage TO 'out.csv'", 'NOT_A_SELECT'],
    ['', 'NOT_A_SELECT'],
    ["SELECT * FROM 'inside.csv'", 'NOT_A_TABLE'],
    ['SELECT * FROM "/etc/passwd"', 'NOT_A_TABLE'],
    ["SELECT * FROM read_text('/etc/passwd')", 'NOT_A_TABLE'],
    ["SELECT * FROM read_csv('inside.csv')", 'NOT_A_TABLE'],
    ["SELECT (SELECT content FROM read_text('inside.csv')) FROM usage", 'NOT_A_TABLE'],
    ["WITH x AS (SELECT * FROM glob('*')) SELECT * FROM x", 'NOT_A_TABLE'],
    ["SELECT * FROM query('SELECT 1')", 'NOT_A_TABLE'],
    ["SELECT * FROM query_table('inside.csv')", 'NOT_A_TABLE'],
    ['FROM duckdb_settings()', 'NOT_A_TABLE'],
    ["DESCRIBE 'inside.csv'", 'NOT_A_TABLE'],
    ["SELECT * FROM usage WHERE used IN (FROM 's3://bucket/x.parquet')", 'NOT_A_TABLE'],
    ['SELECT nothing FROM usage', 'QUERY_FAILED'],
    ['SELEC 1', 'QUERY_FAILED'],
  ])('is not %s', async (sql, code) => {
    await expect(ask(sql)).rejects.toMatchObject({ code });
    expect(await readdir(directory)).toEqual(ownFiles);
  });

  it('stops at its limit of rows, and says so', async () => {
    const answer = await ask('SELECT * FROM range(1000000)');
    expect(answer.rows).toHaveLength(3);
    expect(answer.isCut).toBe(true);
  });

  it('is ended when it takes too long', async () => {
    const slow = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';
    await expect(runQuery(connection, slow, { rowsMax: 1, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIME_LIMIT',
    });
    await expect(ask('SELECT 1')).resolves.toBeDefined();
  });
});

describe('its answer', () => {
  const answer = {
    columns: [
      { name: 'host', type: 'VARCHAR' },
      { name: 'used', type: 'BIGINT' },
    ],
    rows: [
      ['a,"b"', 7],
      ['\u001b[2Jred\u202e\n', null],
    ],
    isCut: false,
  };

  it('is a table that no text of a host can steer', () => {
    expect(answerLines(answer, 'table')).toEqual([
      'HOST                    USED',
      'a,"b"                   7',
      '\\x1b[2Jred\\u{202e}\\x0a',
    ]);
  });

  it('is a line of JSON a row', () => {
    expect(answerLines(answer, 'json').map((line) => JSON.parse(line) as unknown)).toEqual([
      { host: 'a,"b"', used: 7 },
      { host: '\u001b[2Jred\u202e\n', used: null },
    ]);
  });

  it('is CSV', () => {
    expect(answerLines(answer, 'csv')).toEqual([
      'host,used',
      '"a,""b""",7',
      '"\u001b[2Jred\u202e\n",',
    ]);
  });
});
