import type { LogRecord } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import { createLogger, recordTracing } from '@prorata/service-runtime';
import type { TraceRecords } from '@prorata/service-runtime';
import { tracingInMemory } from '@prorata/service-runtime/testing';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { freshTables } from '../../test/freshTables.ts';
import { dumpOf, eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { projections } from '../generations/projections.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import { OwnedPartition } from './ownedPartition.ts';

const STREAM = 'application:llm';

describe('an owned partition', () => {
  let stand: Stand;
  let pool: pg.Pool;
  let databaseUrl: string;
  let partition: number;
  beforeAll(async () => {
    stand = await openStand();
    const first = stand.stamper.stamp(STREAM, [registered]);
    partition = first.partition;
    await stand.append(first);
  });
  afterAll(() => stand.close());
  beforeEach(async () => {
    ({ databaseUrl, pool } = await freshTables());
    return () => pool.end();
  });

  function place() {
    return { topic: inNamespace('quota.events', stand.namespace), partition };
  }

  function own(
    tables = pool,
    trace?: TraceRecords,
  ): { readonly owned: OwnedPartition; readonly rejoins: () => number } {
    let rejoins = 0;
    const owned = new OwnedPartition(place(), {
      log: stand.port.log,
      codec: stand.codec,
      pool: tables,
      logger: createLogger('test', 'silent'),
      checkpoint: { projection: 'quotas', topic: 'quota.events', partition },
      newProjection: () => new EventsProjection(partition),
      rejoin: () => {
        rejoins += 1;
        owned.revoke();
      },
      applied: () => undefined,
      trace,
    });
    return { owned, rejoins: () => rejoins };
  }

  /** All records that are in the log, once `count` of them can be read. */
  async function recordsInLog(count: number): Promise<LogRecord[]> {
    let records: LogRecord[] = [];
    await eventually(async () => {
      records = [];
      await stand.port.log.readToEnd(place(), 0n, (batch) => void records.push(...batch));
      expect(records.length).toBeGreaterThanOrEqual(count);
    });
    return records;
  }

  let written = 1;
  const quotas: string[] = [];
  async function appendQuota(): Promise<LogRecord[]> {
    const quotaId = `llm/q${quotas.length}`;
    quotas.push(quotaId);
    const content = (amount: bigint) => contentOf({ limits: [tokensPerSecond(amount)] });
    await stand.append(
      stand.stamper.stamp(STREAM, [created(quotaId, content(1n))]),
      stand.stamper.stamp(STREAM, [changed(quotaId, 2n, content(2n))]),
    );
    written += 2;
    const all = await recordsInLog(written);
    return all.slice(-2);
  }

  async function versionOf(quotaId: string): Promise<string | undefined> {
    const { rows } = await pool.query<{ version: string }>(
      'SELECT version FROM quotas WHERE quota_id = $1',
      [quotaId],
    );
    return rows[0]?.version;
  }

  it('applies what is delivered again once', async () => {
    const { owned } = own();
    const resume = await owned.restore();
    const fresh = await appendQuota();
    expect(fresh[0]!.offset).toBeGreaterThanOrEqual(resume);
    await owned.take(fresh);
    const before = await dumpOf(databaseUrl);
    await owned.take(fresh);
    await owned.take(fresh.slice(1));
    await owned.take(await recordsInLog(written));
    expect(await dumpOf(databaseUrl)).toEqual(before);
    expect(owned.trouble).toBeNull();
  });

  it('has its part in the trace of a command, once its rows are written', async () => {
    const { tracing, spans } = tracingInMemory('projector');
    const { owned } = own(pool, recordTracing(tracing, 'write rows'));
    await owned.restore();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = Buffer.from(`00-${traceId}-b7ad6b7169203331-01`);
    const withTrace = (records: readonly LogRecord[]): LogRecord[] =>
      records.map((record) => ({ ...record, headers: new Map([['traceparent', traceparent]]) }));
    const fresh = withTrace(await appendQuota());
    await owned.take(fresh);
    await owned.take(fresh);
    const gap = withTrace((await appendQuota()).slice(1));
    const taking = owned.take(gap);
    await eventually(() => {
      expect(owned.stop).not.toBeNull();
      return Promise.resolve();
    });
    const shared = { name: 'write rows', traceId, parentSpanId: 'b7ad6b7169203331' };
    expect(spans()).toMatchObject([
      { ...shared, attributes: { 'prorata.records': 2 }, isFault: false },
      { ...shared, attributes: { 'prorata.records': 1 }, isFault: true },
    ]);
    owned.revoke();
    await taking;
  });

  it('as a zombie writes nothing over what its successor wrote', async () => {
    const [zombie, successor] = [own(), own()];
    await zombie.owned.restore();
    await successor.owned.restore();
    const fresh = await appendQuota();
    await successor.owned.take(fresh);
    const quotaId = quotas.at(-1)!;
    expect(await versionOf(quotaId)).toBe('2');
    const before = await dumpOf(databaseUrl);
    // The zombie's own checkpoint is older than the row: without the comparison the row would go
    // back to version 1.
    await zombie.owned.take(fresh.slice(0, 1));
    expect(zombie.rejoins()).toBe(1);
    expect(successor.rejoins()).toBe(0);
    expect(await dumpOf(databaseUrl)).toEqual(before);
  });

  it('lets one of two that write at once win', async () => {
    const owners = [own(), own(), own()];
    for (const { owned } of owners) await owned.restore();
    const fresh = await appendQuota();
    await Promise.all(owners.map(({ owned }) => owned.take(fresh)));
    expect(owners.map(({ rejoins }) => rejoins()).sort()).toEqual([0, 1, 1]);
    expect(await versionOf(quotas.at(-1)!)).toBe('2');
  });

  it('skips nothing after a takeover in the middle', async () => {
    const { owned } = own();
    await owned.restore();
    const fresh = await appendQuota();
    await owned.take(fresh.slice(0, 1));
    owned.revoke();
    const successor = own();
    await successor.owned.restore();
    const { databaseUrl: again, pool: rebuilt } = await freshTables();
    await own(rebuilt).owned.restore();
    expect(await dumpOf(again)).toEqual(await dumpOf(databaseUrl));
    await rebuilt.end();
  });

  it('waits where the tables belong to another log', async () => {
    await pool.query(
      `UPDATE projection_checkpoint SET next_offset = 1000000
       WHERE topic = 'quota.events' AND partition = $1`,
      [partition],
    );
    const { owned } = own();
    const restoring = owned.restore();
    await eventually(() => {
      expect(owned.trouble).toContain('tables of another log');
      return Promise.resolve();
    });
    owned.revoke();
    await restoring;
  });

  it('waits to be revoked once its tables are dropped', async () => {
    const { owned } = own();
    await owned.restore();
    const fresh = await appendQuota();
    const all = projections.map(({ name }) => `${name}_1`).join(', ');
    await pool.query(`DROP SCHEMA ${all} CASCADE`);
    const taking = owned.take(fresh);
    await eventually(() => {
      expect(owned.trouble).toContain('its tables were dropped');
      return Promise.resolve();
    });
    owned.revoke();
    await taking;
    expect(owned.stop).toBeNull();
  });

  it('stops at a gap in a stream, after what stands before it', async () => {
    const { owned } = own();
    await owned.restore();
    const fresh = await appendQuota();
    const more = await appendQuota();
    const taking = owned.take([...fresh, ...more.slice(1)]);
    await eventually(() => {
      expect(owned.stop).toMatchObject({ offset: more[1]!.offset, code: 'INVARIANT_BROKEN' });
      return Promise.resolve();
    });
    expect(await versionOf(quotas.at(-2)!)).toBe('2');
    expect(await versionOf(quotas.at(-1)!)).toBeUndefined();
    owned.revoke();
    await taking;
  });
});
