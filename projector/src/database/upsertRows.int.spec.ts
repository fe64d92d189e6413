import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshTables } from '../../test/freshTables.ts';
import { quotas } from './tables.ts';
import type { Row } from './tables.ts';
import { upsertRows } from './upsertRows.ts';
import type { OnConflict } from './upsertRows.ts';

const STRANGE = ['"', '\\', 'a,b', '{}', 'NULL', '', ' ', '\n', '\\N', 'x\0', 'é ✓ 😀'];
/** So many go by COPY, and as many of a few more than one statement's worth. */
const MANY = 250;
const TWO_STATEMENTS = 5_250;

let pool: pg.Pool;
beforeAll(async () => {
  ({ pool } = await freshTables());
});
afterAll(() => pool.end());

function rowOf(quotaId: string, change: Row = {}): Row {
  return {
    quota_id: quotaId,
    application: 'llm',
    parent: 'llm',
    owner: 'group:a',
    tier: 2,
    cut_priority: 0,
    labels: { [STRANGE.join()]: STRANGE.join() },
    version: 2n ** 62n,
    stream: 'application:llm',
    stream_version: 1n,
    partition: 0,
    event_offset: 0n,
    content: { amount: 2n ** 63n - 1n },
    effective: [],
    updated_at: '2026-03-02T10:00:00.000001Z',
    name: quotaId,
    resources: STRANGE,
    override_until: null,
    is_cut: false,
    ...change,
  };
}

async function upsert(rows: Iterable<Row>, onConflict?: OnConflict): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await upsertRows(client, quotas, rows, onConflict);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** Ids with a prefix of their own, so that the cases do not meet. */
const many = (prefix: string, change: Row = {}, length = MANY): readonly Row[] =>
  Array.from({ length }, (_, index) => rowOf(`${prefix}-${index}`, change));

async function distinct(prefix: string): Promise<readonly object[]> {
  const { rows } = await pool.query<object>(
    `SELECT DISTINCT to_jsonb(q) - 'quota_id' - 'name' AS row, count(*) OVER () AS times
     FROM quotas AS q WHERE starts_with(quota_id, $1)`,
    [prefix],
  );
  return rows;
}

describe('rows that are replaced', () => {
  it('are the same whether they are few, or many to a COPY', async () => {
    await upsert([rowOf('few')]);
    await upsert(many('many', {}, TWO_STATEMENTS));
    const [few] = await distinct('few');
    const [...rest] = await distinct('many');
    expect(rest).toEqual([{ ...few, times: String(TWO_STATEMENTS) }]);
    expect(few).toHaveProperty('row.resources', [...STRANGE.slice(0, 9), 'x\uFFFD', STRANGE[10]]);
  });

  it('take the place of those that are there, or leave them, however many they are', async () => {
    await upsert(many('again'));
    await upsert(many('again', { owner: 'group:b', project: 'acme/p' }));
    expect(await distinct('again')).toMatchObject([
      { row: { owner: 'group:b', project: 'acme/p' } },
    ]);
    await upsert(many('again', { owner: 'group:c' }), 'keep');
    expect(await distinct('again')).toMatchObject([{ row: { owner: 'group:b' } }]);
  });

  it('leave nothing beside for the next transaction of the connection', async () => {
    const client = await pool.connect();
    try {
      for (const prefix of ['one', 'other']) {
        await client.query('BEGIN');
        await upsertRows(client, quotas, many(prefix));
        await client.query(prefix === 'one' ? 'ROLLBACK' : 'COMMIT');
      }
    } finally {
      client.release();
    }
    expect(await distinct('one')).toEqual([]);
    expect(await distinct('other')).toMatchObject([{ times: String(MANY) }]);
  });
});
