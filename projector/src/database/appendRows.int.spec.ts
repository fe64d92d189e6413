import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshTables } from '../../test/freshTables.ts';
import { appendRows } from './appendRows.ts';
import { provideAuditMonths } from './auditMonths.ts';
import { auditLog } from './tables.ts';
import type { Row } from './tables.ts';
import { isUnstorable } from './applyBatch.ts';

/** What COPY's text format, JSON and PostgreSQL each have a meaning for. */
const STRANGE = [
  '\\N',
  '\\.',
  'a\tb\nc\rd',
  '\\\\',
  '"quoted"',
  'NULL',
  '',
  '\u0001',
  'é ✓ 😀',
  "'; --",
];

let pool: pg.Pool;
beforeAll(async () => {
  ({ pool } = await freshTables());
  const client = await pool.connect();
  await provideAuditMonths(client, ['2026-03-02T10:00:00Z']);
  client.release();
});
afterAll(() => pool.end());

function rowOf(offset: number, change: Row = {}): Row {
  return {
    topic: 'quota.events',
    partition: 0,
    log_offset: BigInt(offset),
    kind: 'event',
    stream: 'application:llm',
    stream_version: 2n ** 62n,
    type: 'QuotaCreated',
    reason: '',
    decided_at: '2026-03-02T10:00:00.000001Z',
    body: {},
    ...change,
  };
}

async function append(rows: readonly Row[]): Promise<void> {
  const client = await pool.connect();
  try {
    await appendRows(client, auditLog, rows);
  } finally {
    client.release();
  }
}

async function stored(offset: number): Promise<Record<string, unknown>> {
  const { rows } = await pool.query<Record<string, unknown>>(
    'SELECT * FROM audit_log WHERE log_offset = $1',
    [offset],
  );
  return rows[0] ?? {};
}

describe('rows that are appended', () => {
  it.each([
    ['few', 0, 0],
    ['many', 20_000, 200],
  ])('come back as they were, whatever stands in their texts: %s', async (_name, first, more) => {
    const strange = STRANGE.map((text, at) =>
      rowOf(first + at, { reason: text, body: { [text]: [text] } }),
    );
    const plain = Array.from({ length: more }, (_, at) => rowOf(first + STRANGE.length + at));
    await append([...strange, ...plain]);
    for (const [at, text] of STRANGE.entries()) {
      expect(await stored(first + at)).toMatchObject({
        reason: text,
        body: { [text]: [text] },
        stream_version: (2n ** 62n).toString(),
        decided_at: '2026-03-02T10:00:00.000001Z',
        code: null,
      });
    }
  });

  it('have no NUL, no half of a surrogate pair and nothing too deep, and keep whole numbers exact', async () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 5_000; depth += 1) nested = [nested];
    const body = { 'a\0': '\ud800', nested, amount: 2n ** 63n - 1n };
    await append([rowOf(100, { reason: 'x\0\ud800', body })]);
    const row = await stored(100);
    expect(row).toMatchObject({
      reason: 'x\uFFFD\uFFFD',
      body: { 'a\uFFFD': '\uFFFD', amount: '9223372036854775807' },
    });
    expect(JSON.stringify(row['body'])).toContain('nested too deep');
  });

  it('are many to a statement, and none is no statement', async () => {
    await append([]);
    await append(Array.from({ length: 3_000 }, (_, at) => rowOf(1_000 + at)));
    expect(await stored(3_999)).toMatchObject({ type: 'QuotaCreated' });
  });

  it('are refused where one is there, and the connection goes on', async () => {
    const error: unknown = await append([rowOf(0)]).catch((cause: unknown) => cause);
    expect(isUnstorable(error), String(error)).toBe(true);
    await append([rowOf(9_999)]);
    expect(await stored(9_999)).toMatchObject({ kind: 'event' });
  });
});
