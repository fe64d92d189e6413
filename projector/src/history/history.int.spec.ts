import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { LogPort } from '@prorata/kafka-port';
import { timeFromJson, topicManifest } from '@prorata/schemas';
import { freshDatabase } from '@prorata/test-kit';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  contentOf,
  created,
  deleted,
  haircut,
  moved,
  overridden,
  overrideEnded,
  registered,
  tokensPerSecond,
} from '../../test/drafts.ts';
import { testStart } from '../../test/eventStamper.ts';
import { eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { LogSource } from '../audit/logSource.ts';
import { replay } from '../audit/replay/replay.ts';
import { openPool } from '../database/openPool.ts';
import { startProjector } from '../startProjector.ts';
import type { Projector } from '../startProjector.ts';

const STREAM = 'application:llm';

interface Quota {
  readonly quotaId: string;
  readonly streamVersion: number;
}
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>> & { readonly quotas: readonly Quota[] };
}

let stand: Stand;
let projector: Projector;
let databaseUrl: string;
let token: string;

async function get(path: string, bearer = token): Promise<Answer> {
  const response = await fetch(`${projector.url}${path}`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

/** One event at a time, each a second after the one before: version 1 is the registration. */
const story = [
  registered,
  created('llm/a', contentOf({ project: 'acme/x', limits: [tokensPerSecond(100n)] })),
  created('llm/a/chat', contentOf({ limits: [tokensPerSecond(80n)] })),
  created('llm/a/code', contentOf({ owner: 'team-code' })),
  created('llm/b', contentOf()),
  haircut('llm/a/chat', 2n),
  changed('llm/a', 2n, contentOf({ project: 'acme/x', limits: [tokensPerSecond(50n)] })),
  overridden('llm/a', 3n, [tokensPerSecond(5n)], testStart + 60_000_000n),
  moved('llm/a/chat', 3n, 'llm/b/chat'),
  overrideEnded('llm/a', 4n),
  deleted('llm/a/code', 2n),
] as const;

/** The tree of now after each event, as it was answered then; by version. */
const seen = new Map<number, readonly Quota[]>();

beforeAll(async () => {
  stand = await openStand();
  databaseUrl = await freshDatabase();
  projector = await startProjector(stand.settings(databaseUrl), {
    sessionTimeoutMs: 6_000,
  });
  token = await stand.token(['operator']);
  await eventually(async () => {
    const response = await fetch(`${projector.url}/readyz`);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });
  for (const [index, draft] of story.entries()) {
    await stand.append(stand.stamper.stamp(STREAM, [draft]));
    const shown = await get(`/v1/quotas?within=llm&atLeast=${STREAM}@${index + 1}`);
    expect([index + 1, shown.status]).toEqual([index + 1, 200]);
    seen.set(index + 1, shown.body.quotas);
  }
});
afterAll(async () => {
  await projector.stop();
  await stand.close();
});

const timeOf = (version: number): string =>
  new Date(Number(testStart / 1_000n) + version * 1_000).toISOString();

describe('a read that waits for a write', () => {
  it('shows each write that it names, and is told to come back for one that has not come', async () => {
    expect(seen.get(3)?.map(({ quotaId }) => quotaId)).toEqual(['llm/a', 'llm/a/chat']);
    const early = await get(`/v1/quotas/llm%2Fa?atLeast=${STREAM}@99`);
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(early.body).toMatchObject({ code: 'READ_BEHIND', lag: 0 });
  });

  it('is refused for what is no token, and for a stream out of reach', async () => {
    const many = Array.from({ length: 9 }, () => `${STREAM}@1`).join(',');
    for (const wrong of ['', '17', 'llm@1', `${STREAM}@-1`, `${STREAM}@1,`, many]) {
      expect([wrong, (await get(`/v1/quotas?atLeast=${wrong}`)).status]).toEqual([wrong, 422]);
    }
    const granted = await stand.token([], { grants: ['operator@llm/a'] });
    expect((await get(`/v1/quotas?atLeast=${STREAM}@1`, granted)).status).toBe(200);
    expect((await get('/v1/quotas?atLeast=application:moka@0', granted)).status).toBe(403);
  });
});

describe('the state as of a moment', () => {
  it('is at every version, and at the time of it, what was answered then', async () => {
    for (const [version, quotas] of seen) {
      for (const moment of [version, timeOf(version)]) {
        const then = await get(`/v1/quotas?within=llm&asOf=${moment}`);
        expect([moment, then.body.quotas]).toEqual([moment, quotas]);
      }
    }
  });

  it('is of one quota and of its explanation, too', async () => {
    const before = await get('/v1/quotas/llm%2Fa%2Fchat?asOf=6');
    // Nothing for If-Match, which takes no weak tag.
    expect(before.headers.get('etag')).toMatch(/^W\//);
    expect(before.body).toMatchObject({ asOf: '6', ...seen.get(6)?.[1] });
    const explained = await get('/v1/quotas/llm%2Fa%2Fchat/explain?asOf=7');
    expect(explained.body).toMatchObject({
      asOf: '7',
      limits: [{ limit: { rate: { amount: 50, per: '1s' } }, boundBy: 'llm/a' }],
    });
    const [limit] = explained.body['limits'] as readonly { readonly sentence: string }[];
    expect(limit?.sentence).toContain('50 tokens/s');
  });

  it('is unknown before the quota was there and after it had gone', async () => {
    for (const [id, moment] of [
      ['llm%2Fa%2Fchat', '2'],
      ['llm%2Fa%2Fchat', '9'],
      ['llm%2Fa%2Fcode', timeOf(11)],
      ['llm%2Fa', '2020-01-01T00:00:00Z'],
    ] as const) {
      const gone = await get(`/v1/quotas/${id}?asOf=${moment}`);
      expect([id, moment, gone.status]).toEqual([id, moment, 404]);
      expect(gone.body).toMatchObject({
        code: 'QUOTA_UNKNOWN_THEN',
        title: 'There was no such quota at that moment',
        remedy: expect.stringContaining('another moment') as string,
      });
    }
  });

  it('is refused for a version that has not come and for the future', async () => {
    const late = await get('/v1/quotas/llm%2Fa?asOf=12');
    expect([late.status, late.body['code']]).toEqual([404, 'MOMENT_UNKNOWN']);
    const wrong = ['2999-01-01T00:00:00Z', 'yesterday', '2026-03-02'];
    for (const moment of wrong) {
      expect([moment, (await get(`/v1/quotas/llm%2Fa?asOf=${moment}`)).status]).toEqual([
        moment,
        422,
      ]);
    }
    expect((await get('/v1/quotas?asOf=3')).status).toBe(422);
    expect((await get('/v1/quotas?asOf=3&within=llm&owner=x')).status).toBe(422);
  });

  it('goes page by page, and no further than the reach', async () => {
    const first = await get('/v1/quotas?within=llm/a&asOf=6&limit=2');
    expect(first.body.quotas.map(({ quotaId }) => quotaId)).toEqual(['llm/a', 'llm/a/chat']);
    expect(first.body['next']).toBe('llm/a/chat');
    const second = await get('/v1/quotas?within=llm/a&asOf=6&limit=2&after=llm/a/chat');
    expect(second.body).toMatchObject({ quotas: [{ quotaId: 'llm/a/code' }], next: null });
    const granted = await stand.token([], { grants: ['operator@llm/a/chat'] });
    const mine = await get(`/v1/quotas?asOf=${timeOf(6)}`, granted);
    expect(mine.body.quotas).toEqual(seen.get(6)?.slice(1, 2));
    expect((await get('/v1/quotas?asOf=6&within=llm', granted)).status).toBe(403);
    expect((await get('/v1/quotas/llm%2Fb?asOf=6', granted)).status).toBe(403);
  });
});

describe('the history of a quota', () => {
  interface Told {
    readonly type: string;
    readonly streamVersion: number;
    readonly cause: string;
  }
  const history = async (query: string, bearer = token) => {
    const { status, body } = await get(`/v1/quotas/llm%2Fa/history?${query}`, bearer);
    return {
      status,
      events: (body['events'] ?? []) as Told[],
      next: body['next'] as string | null,
    };
  };

  it('tells each event about it, the latest first, page by page, to who may read quotas', async () => {
    const { events } = await history('');
    expect(events.map(({ type, streamVersion }) => [type, streamVersion])).toEqual([
      ['QuotaOverrideEnded', 10],
      ['QuotaOverridden', 8],
      ['QuotaChanged', 7],
      ['QuotaCreated', 2],
    ]);
    const paged: number[] = [];
    let after = '';
    do {
      const { events: page, next } = await history(`order=asc&limit=1${after}`);
      paged.push(...page.map(({ streamVersion }) => streamVersion));
      after = next === null ? '' : `&after=${next}`;
    } while (after !== '');
    expect(paged).toEqual([2, 7, 8, 10]);
    const member = await stand.token(['member']);
    expect((await history(`atLeast=${STREAM}@${story.length}`, member)).status).toBe(200);
    expect((await history(`atLeast=${STREAM}@99`)).status).toBe(503);
  });

  it("is kept of a quota that is gone, unknown of one that never was, and nobody else's to read", async () => {
    const gone = await get('/v1/quotas/llm%2Fa%2Fcode/history?limit=1');
    expect(gone.body).toMatchObject({
      events: [{ type: 'QuotaDeleted', actor: { subject: 'alice' } }],
    });
    const none = await get('/v1/quotas/llm%2Fnone/history');
    expect([none.status, none.body['code']]).toEqual([404, 'QUOTA_UNKNOWN']);
    expect((await history('after=x')).status).toBe(422);
    const granted = await stand.token([], { grants: ['operator@llm/b'] });
    expect((await history('', granted)).status).toBe(403);
  });
});

describe('the difference between two moments', () => {
  interface Difference {
    readonly quotaId: string;
    readonly change: string;
    readonly fields: readonly object[];
    readonly limits: readonly object[];
  }
  const differences = async (query: string): Promise<readonly Difference[]> =>
    (await get(`/v1/diff?${query}`)).body['differences'] as Difference[];

  it('names what came, went and changed, and how, by what is declared and what is in force', async () => {
    const found = await differences(`within=llm&from=6&to=${timeOf(11)}`);
    expect(found.map(({ quotaId, change }) => [quotaId, change])).toEqual([
      ['llm/a', 'changed'],
      ['llm/a/chat', 'deleted'],
      ['llm/a/code', 'deleted'],
      ['llm/b/chat', 'created'],
    ]);
    const [a] = found;
    expect(a?.fields).toMatchObject([{ field: 'limits' }]);
    expect(a?.limits).toMatchObject([
      {
        resource: 'tokens',
        before: { limit: { rate: { amount: 100 } }, boundBy: 'llm/a', layers: [{ layer: 'base' }] },
        after: { limit: { rate: { amount: 50 } } },
      },
    ]);
  });

  it('shows below a quota what an event of that quota changed there, and tells nothing of what did not', async () => {
    const below = await differences('within=llm/a&from=6&to=7');
    expect(below.map(({ quotaId }) => quotaId)).toEqual(['llm/a', 'llm/a/chat', 'llm/a/code']);
    expect(below[1]).toMatchObject({ fields: [], limits: [{ after: { boundBy: 'llm/a' } }] });
    expect(await differences('within=llm/a&below=false&from=6&to=7')).toHaveLength(1);
    expect(await differences('within=llm/b&from=6&to=7')).toEqual([]);
    expect(await differences('within=llm&from=11')).toEqual([]);
    // An override that was set and has ended in between has raised the version, and left nothing.
    expect(await differences('within=llm/a&below=false&from=7&to=10')).toEqual([]);
  });

  it('goes page by page over the quotas of both moments', async () => {
    const whole = await differences('within=llm&from=3&to=9');
    const found: Difference[] = [];
    let next: string | null = '';
    while (next !== null) {
      const after = next === '' ? '' : `&after=${next}`;
      const page = await get(`/v1/diff?within=llm&from=3&to=9&limit=1${after}`);
      found.push(...(page.body['differences'] as Difference[]));
      next = page.body['next'] as string | null;
    }
    expect(found).toEqual(whole);
    expect(found.length).toBeGreaterThan(2);
  });

  it('needs a beginning and a part of a tree that is within reach', async () => {
    expect((await get('/v1/diff?within=llm')).status).toBe(422);
    expect((await get('/v1/diff?from=3')).status).toBe(422);
    const granted = await stand.token([], { grants: ['operator@llm/a'] });
    expect((await get('/v1/diff?within=llm&from=3', granted)).status).toBe(403);
    expect((await get('/v1/diff?within=llm/a&from=3', granted)).status).toBe(200);
  });
});

describe('the feed of changes', () => {
  interface Change {
    readonly id: string;
    readonly type: string;
    readonly quotaId: string | null;
  }

  /** Reads the feed until as many changes have come, or its first heartbeat where none are wanted. */
  async function read(query: string, wanted: number, lastId?: string, bearer = token) {
    const stop = new AbortController();
    const response = await fetch(`${projector.url}/v1/feed?${query}`, {
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
      },
      signal: stop.signal,
    });
    expect(response.status).toBe(200);
    const changes: Change[] = [];
    let text = '';
    let id = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const message of whole) {
        const [first = '', name = '', data = ''] = message.split('\n');
        id = first.slice(4);
        if (name !== 'event: change') continue;
        changes.push({ id, ...(JSON.parse(data.slice(6)) as Omit<Change, 'id'>) });
      }
      if (id !== '' && changes.length >= wanted) break;
    }
    stop.abort();
    return { changes, id };
  }

  const told = (changes: readonly Change[]) => changes.map(({ type, quotaId }) => [type, quotaId]);
  /** Of the one partition in which the application stands. */
  const beginning = async (): Promise<string> =>
    (await read('application=llm', 0)).id.replace(/\.\d+$/, '.0');

  it('tells a client that comes back all that it missed, by what its filter asks for', async () => {
    const from = await beginning();
    const { changes } = await read('application=llm', story.length, from);
    expect(changes.map(({ type }) => type)).toEqual(story.map(({ type }) => type));
    const rest = await read('application=llm', 2, changes.at(-3)?.id);
    expect(rest.changes).toEqual(changes.slice(-2));
    expect(told((await read('within=llm/a/code', 5, from)).changes)).toEqual([
      ['QuotaCreated', 'llm/a/code'],
      ['QuotaChanged', 'llm/a'],
      ['QuotaOverridden', 'llm/a'],
      ['QuotaOverrideEnded', 'llm/a'],
      ['QuotaDeleted', 'llm/a/code'],
    ]);
    expect(told((await read('application=llm&owner=team-code', 2, from)).changes)).toEqual([
      ['QuotaCreated', 'llm/a/code'],
      ['QuotaDeleted', 'llm/a/code'],
    ]);
    // The payer is inherited, and the move took the quota from it.
    const paid = 'application=llm&project=acme/x&type=HaircutApplied,QuotaMoved';
    expect(told((await read(paid, 2, from)).changes)).toEqual([
      ['HaircutApplied', 'llm/a/chat'],
      ['QuotaMoved', 'llm/a/chat'],
    ]);
  });

  it('tells of a change when every read shows it, and nobody of what is not theirs', async () => {
    const granted = await stand.token([], { grants: ['operator@llm/b'] });
    const live = read('application=llm&type=QuotaCreated', 1);
    const mine = read('type=QuotaCreated', 1, undefined, granted);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await stand.append(
      stand.stamper.stamp(STREAM, [created('llm/a/new', contentOf())]),
      stand.stamper.stamp(STREAM, [created('llm/b/new', contentOf())]),
    );
    const { changes } = await live;
    expect(told(changes)[0]).toEqual(['QuotaCreated', 'llm/a/new']);
    expect((await get('/v1/quotas/llm%2Fa%2Fnew')).status).toBe(200);
    expect(told((await mine).changes)).toEqual([['QuotaCreated', 'llm/b/new']]);
  });

  it('refuses what it does not understand and what is out of reach', async () => {
    for (const wrong of ['type=Nothing', 'lastEventId=0.1&application=moka&x=1', 'within=/']) {
      expect([wrong, (await get(`/v1/feed?${wrong}`)).status]).toEqual([wrong, 422]);
    }
    expect((await get('/v1/feed?lastEventId=0.1')).status).toBe(422);
    const granted = await stand.token([], { grants: ['operator@llm/b'] });
    expect((await get('/v1/feed?within=llm', granted)).status).toBe(403);
    expect((await get('/v1/feed?application=moka', granted)).status).toBe(403);
  });
});

describe('a replay of the log', () => {
  const whole = { firstDifference: null };
  let pool: Pool;
  let log: LogPort;
  beforeAll(() => {
    pool = openPool(databaseUrl, () => undefined, { schemas: ['quotas_1'] });
    log = stand.port;
  });
  afterAll(() => pool.end());

  const replayed = (asOf: string | null) =>
    replay({
      source: new LogSource(log.log, stand.namespace, topicManifest.partitions.local),
      codec: stand.codec,
      pool,
      asOf: asOf === null ? null : timeFromJson(asOf),
      application: null,
    });

  it('finds in the tables what the log says, now and as of every moment', async () => {
    expect(await replayed(null)).toMatchObject({ ...whole, applications: 1 });
    for (const version of [1, 3, 6, 8, 9, 11]) {
      const report = await replayed(timeOf(version));
      expect([version, report.firstDifference, report.events]).toEqual([version, null, version]);
    }
  });

  it('is a command, which reads the live copy and exits with 0', async () => {
    const main = path.join(import.meta.dirname, '..', 'audit', 'main.ts');
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [main, 'replay', ...args], {
        env: { ...process.env, ...stand.environment('projector', databaseUrl) },
      });
    const { stdout } = await run('--json', '--as-of', timeOf(6), '--application', 'llm');
    expect(JSON.parse(stdout)).toMatchObject({ asOf: timeOf(6), events: 6, ...whole });
    expect((await run()).stdout).toContain('The tables tell what the log does');
    await expect(run('--as-of', 'yesterday')).rejects.toMatchObject({ code: 2 });
  });

  it('names the first thing that somebody has changed in the tables', async () => {
    const alter = async (statement: string): Promise<void> => {
      await pool.query(statement);
    };
    await alter(`UPDATE quotas SET tier = 4 WHERE quota_id = 'llm/b'`);
    expect((await replayed(null)).firstDifference).toEqual({
      quotaId: 'llm/b',
      table: 'quotas',
      field: 'tier',
      log: 2,
      tables: 4,
    });
    await alter(`UPDATE quotas SET tier = 2 WHERE quota_id = 'llm/b'`);
    await alter(`UPDATE quota_history SET since_time = since_time + interval '1 microsecond'
                 WHERE quota_id = 'llm/a/chat' AND since = 6`);
    expect((await replayed(timeOf(6))).firstDifference).toMatchObject({
      quotaId: 'llm/a/chat',
      table: 'quota_history',
    });
    expect((await replayed(timeOf(5))).firstDifference).toBeNull();
    await alter(`DELETE FROM quota_history WHERE quota_id = 'llm/a/code'`);
    expect((await replayed(timeOf(5))).firstDifference).toEqual({
      quotaId: 'llm/a/code',
      table: 'quota_history',
      field: null,
      log: 'there',
      tables: 'missing',
    });
  });
});
