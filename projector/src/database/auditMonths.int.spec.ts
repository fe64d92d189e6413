import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freshTables } from '../../test/freshTables.ts';
import { provideAuditMonths } from './auditMonths.ts';
import { appendAudit } from '../projection/appendAudit.ts';

let pool: pg.Pool;
beforeAll(async () => {
  ({ pool } = await freshTables());
});
afterAll(() => pool.end());

let offset = 0n;
async function append(...times: readonly string[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const rows = times.map((time) => ({
      topic: 'quota.events',
      partition: 0,
      log_offset: (offset += 1n),
      kind: 'event',
      stream: 'application:llm',
      stream_version: offset,
      type: 'QuotaCreated',
      reason: '',
      decided_at: time,
      body: {},
    }));
    await appendAudit(client, rows);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** By partition: how many rows it has; those that have none apart unless they are months. */
async function partitions(): Promise<Readonly<Record<string, number>>> {
  const { rows: names } = await pool.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_log') WHERE isleaf`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of names) {
    const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${name}`);
    counts[name.replace('audit_log_', '')] = Number(rows[0]?.count);
  }
  return counts;
}

describe('the partitions of the audit log', () => {
  it('are made for the months of the rows, and for those after', async () => {
    await append('2026-03-02T10:00:00.000Z', '2026-12-31T23:59:59.999999Z');
    await append('2027-01-01T00:00:00.000Z');
    expect(await partitions()).toEqual({
      before: 0,
      after: 0,
      '2026_03': 1,
      '2026_04': 0,
      '2026_12': 1,
      '2027_01': 1,
      '2027_02': 0,
    });
  });

  it('are bounded in number, whatever a clock says', async () => {
    await append(
      '1970-01-01T00:00:00.000Z',
      '2069-12-31T00:00:00.000Z',
      '9999-12-31T00:00:00.000Z',
    );
    expect(await partitions()).toMatchObject({ before: 1, '2069_12': 1, after: 1 });
  });

  it('are made once by whoever comes at once', async () => {
    await Promise.all(Array.from({ length: 6 }, () => append('2030-05-01T00:00:00.000Z')));
    expect(await partitions()).toMatchObject({ '2030_05': 6, '2030_06': 0 });
  });

  it('are asked for once by who remembers those that were found made', async () => {
    const seen = new Set<string>();
    const client = await pool.connect();
    const statements = vi.spyOn(client, 'query');
    try {
      const asked: number[] = [];
      for (const time of ['2031-05-01T00:00:00.000Z', '2031-05-02T00:00:00.000Z']) {
        await provideAuditMonths(client, [time], seen);
        statements.mockClear();
        await provideAuditMonths(client, [time], seen);
        asked.push(statements.mock.calls.length);
      }
      // Once where it made them itself, for that may have been rolled back; then never again.
      expect(asked).toEqual([1, 0]);
    } finally {
      statements.mockRestore();
      client.release();
    }
    await append('2031-05-03T00:00:00.000Z');
    expect(await partitions()).toMatchObject({ '2031_05': 1, '2031_06': 0 });
  });

  it('are left out where a question is of another time', async () => {
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM audit_log WHERE decided_at >= '2030-05-01T00:00:00Z' ORDER BY decided_at LIMIT 1`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('audit_log_2030_05');
    expect(plan).not.toContain('audit_log_2026_03');
    // Partitions stand in the order of time: nothing is sorted.
    expect(plan).not.toContain('Sort');
  });
});
