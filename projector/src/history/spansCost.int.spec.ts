import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countingBlocks } from '../../test/blocksRead.ts';
import { freshTables } from '../../test/freshTables.ts';
import { FEED_PAGE } from '../feed/eventTail.ts';
import { rangesOfTree } from './idRanges.ts';
import type { Moment } from './moment.ts';
import { LOOKED_MAX, pathAt, pathsAt } from './spans.ts';

/** Of each of two quotas; 20 MB of rows. */
const SPANS = 20_000;
/** Ids of quotas that were gone before the moment: more than one statement looks at. */
const GONE = LOOKED_MAX + 10;
/** What a look at one id may cost: two index descents and a row. */
const BLOCKS_PER_ID_MAX = 12;

let pool: pg.Pool;

beforeAll(async () => {
  ({ pool } = await freshTables());
  const since = `'2026-01-01'::timestamptz + n * interval '1 second'`;
  const span = (id: string, spans: number) =>
    `INSERT INTO quota_history SELECT ${id}, n, n + 1, ${since}, ${since} + interval '1 second', 1, ` +
    `'2026-01-01', '{}' FROM generate_series(1, ${spans}) AS n`;
  await pool.query(span(`'busy/a'`, SPANS));
  await pool.query(span(`'busy/a/b'`, SPANS));
  await pool.query(
    `INSERT INTO quota_history SELECT 'gone/q' || lpad(n::text, 6, '0'), 1, 2, '2026-01-01', '2026-01-02', ` +
      `1, '2026-01-01', '{}' FROM generate_series(1, ${GONE}) AS n`,
  );
  await pool.query(
    `INSERT INTO quota_history VALUES ('gone/z', 1, NULL, '2026-01-01', NULL, 1, '2026-01-01', '{}')`,
  );
  await pool.query('ANALYZE quota_history');
});
afterAll(() => pool.end());

const moments: readonly Moment[] = [
  { kind: 'version', version: 7n },
  { kind: 'version', version: BigInt(SPANS / 2) },
  { kind: 'time', micros: BigInt(Date.parse('2026-01-01T00:00:07Z')) * 1_000n },
  { kind: 'time', micros: BigInt(Date.parse('2026-01-01T03:00:00Z')) * 1_000n },
];

describe('what a read of the past costs', () => {
  it('is the same for a quota with many spans as for one with few, whatever the moment', async () => {
    const counting = countingBlocks(pool);
    for (const moment of moments) {
      const path = await pathAt(counting.pool, 'busy/a/b', moment);
      expect(path?.map(({ quota_id: id }) => id)).toEqual(['busy/a/b', 'busy/a']);
      expect(counting.blocks()).toBeLessThan(3 * BLOCKS_PER_ID_MAX);
      const { paths, next } = await pathsAt(counting.pool, rangesOfTree('busy'), moment, 100);
      expect([paths.length, next]).toEqual([2, null]);
      expect(counting.blocks()).toBeLessThan(5 * BLOCKS_PER_ID_MAX);
    }
  });

  it('is bounded where many quotas are no more: the page is short, and says where to go on', async () => {
    const counting = countingBlocks(pool);
    const moment: Moment = { kind: 'time', micros: BigInt(Date.parse('2026-02-01')) * 1_000n };
    const first = await pathsAt(counting.pool, rangesOfTree('gone'), moment, 100);
    expect(first.paths).toEqual([]);
    expect(first.next).toBe(`gone/q${String(LOOKED_MAX).padStart(6, '0')}`);
    expect(counting.blocks()).toBeLessThan((LOOKED_MAX + 1) * BLOCKS_PER_ID_MAX);
    const rest = [{ from: `${first.next} `, before: 'gone0' }];
    const second = await pathsAt(counting.pool, rest, moment, 100);
    expect(second.paths.map(([{ quota_id: id }]) => id)).toEqual(['gone/z']);
    expect(second.next).toBeNull();
  });
});

describe('what a feed that goes on costs', () => {
  it('is of the page that it reads, in each month of the audit log', async () => {
    const [months, events] = [24, 200];
    for (let month = 0; month < months; month += 1) {
      const [from, to] = [month, month + 1].map((each) =>
        new Date(Date.UTC(2026, each, 1)).toISOString(),
      ) as [string, string];
      const name = `audit_1.audit_log_${from.slice(0, 7).replace('-', '_')}`;
      await pool.query(
        `CREATE TABLE ${name} PARTITION OF audit_1.audit_log FOR VALUES FROM ('${from}') TO ('${to}')`,
      );
    }
    await pool.query(
      `INSERT INTO audit_log (topic, partition, log_offset, kind, stream, stream_version, type, reason, decided_at, body)
       SELECT 'quota.events', 0, n, 'event', 'application:llm', n, 'QuotaCreated', '',
         '2026-01-01'::timestamptz + n / ${events} * interval '30 days', '{}'
       FROM generate_series(1, ${months * events}) AS n`,
    );
    await pool.query('ANALYZE audit_log');
    const counting = countingBlocks(pool);
    const page = [0, 2_000n, 10_000n, 10];
    const { rows } = await counting.pool.query<{ log_offset: string }>(FEED_PAGE, page);
    expect(rows.map((row) => row.log_offset)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${2_000 + index}`),
    );
    // A look into each month's index and a few rows, where a walk over them would be of every block.
    expect(counting.blocks()).toBeLessThan(months * 6);
  });
});
