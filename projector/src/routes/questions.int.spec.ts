import type { EventDraft } from '@prorata/quota-model';
import { freshDatabase, provideQueryLogin, provideUsageLogin } from '@prorata/test-kit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  contentOf,
  created,
  evidence,
  haircut,
  moved,
  overridden,
  registered,
  tokensPerSecond,
} from '../../test/drafts.ts';
import { eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { startProjector } from '../startProjector.ts';
import type { Projector } from '../startProjector.ts';

let stand: Stand;
let projector: Projector;
let token: string;
let databaseUrl: string;
let database: pg.Client;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  bearer = token,
): Promise<Answer> {
  const response = await fetch(`${projector.url}${path}`, {
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  });
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Answer['body']);
  return { status: response.status, headers: response.headers, body };
}

const idsOf = ({ body }: Answer): string[] =>
  (body['quotas'] as { quotaId: string }[]).map(({ quotaId }) => quotaId);
const ids = async (query: string): Promise<string[]> => idsOf(await get(`/v1/quotas?${query}`));

const totalOf = (total: bigint | null): EventDraft => {
  if (registered.type !== 'ApplicationRegistered') throw new Error('It registers.');
  const resources = registered.data.resources.map((each) =>
    each.name === 'tokens' ? { ...each, total } : each,
  );
  return { ...registered, data: { ...registered.data, resources } };
};

/** As the rightsizer makes them; who runs both together is the whole stack's test. */
const SUMMARY_TABLES = `
  CREATE SCHEMA rightsizer;
  CREATE TABLE rightsizer.quota_usage (
    quota_id text COLLATE "C", resource text COLLATE "C", application text, first_reported_at timestamptz,
    last_reported_at timestamptz, last_used_at timestamptz, used_1d numeric, used_7d numeric, used_30d numeric,
    refused_1d numeric, refused_7d numeric, refused_30d numeric, peak_30d bigint, PRIMARY KEY (quota_id, resource));
  CREATE TABLE rightsizer.application_usage (
    application text PRIMARY KEY, first_reported_at timestamptz, last_reported_at timestamptz);
  CREATE TABLE rightsizer.usage_source (
    form integer, manifest_version bigint, taken_at timestamptz, caught_up_at timestamptz);
  DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'prorata_reader') THEN
      GRANT USAGE ON SCHEMA rightsizer TO prorata_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA rightsizer TO prorata_reader;
    END IF;
  END $$`;
const HOUR_MICROS = 3_600_000_000n;

beforeAll(async () => {
  stand = await openStand();
  databaseUrl = await freshDatabase();
  database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const queryDatabaseUrl = await provideQueryLogin(databaseUrl, 'test');
  projector = await startProjector(
    { ...stand.settings(databaseUrl), queryDatabaseUrl },
    { sessionTimeoutMs: 6_000 },
  );
  token = await stand.token(['operator']);
  const { stamper } = stand;
  const now = BigInt(Date.now()) * 1_000n;
  const blocked = { ...tokensPerSecond(0n), bound: 'blocked' as const, perMicros: null };
  await stand.append(
    stamper.stamp('application:llm', [
      totalOf(150n),
      created('llm/a', contentOf({ owner: 'ads', limits: [tokensPerSecond(100n)] })),
      created(
        'llm/a/chat',
        contentOf({ owner: 'ads', labels: { env: 'prod' }, limits: [tokensPerSecond(80n)] }),
      ),
      created('llm/a/code', contentOf({ limits: [tokensPerSecond(60n)], tier: 4 })),
      created('llm/b', contentOf({ labels: { env: 'prod', kind: 'x' } })),
      haircut('llm/a/chat', 2n),
      overridden('llm/b', 2n, [tokensPerSecond(5n)], now + HOUR_MICROS),
      overridden('llm/a/code', 2n, [tokensPerSecond(1n)], now + 100n * HOUR_MICROS),
    ]),
    stamper.stamp('application:moka', [
      totalOf(100n),
      created(
        'moka/chat',
        contentOf({ owner: 'ads', limits: [{ ...tokensPerSecond(30n), perMicros: 60_000_000n }] }),
      ),
      created('moka/stop', contentOf({ owner: 'ads', limits: [blocked] })),
    ]),
  );
  await eventually(async () => {
    const shown = await get('/v1/quotas?atLeast=application:llm@8,application:moka@3');
    expect(shown.status).toBe(200);
  });
});
afterAll(async () => {
  await projector.stop();
  await database.end();
  await stand.close();
});

describe('questions about quotas', () => {
  it('are of states, labels, resources and tiers', async () => {
    expect(await ids('state=overridden')).toEqual(['llm/a/code', 'llm/b']);
    expect(await ids('state=expiring')).toEqual(['llm/b']);
    expect(await ids('state=cut')).toEqual(['llm/a/chat']);
    expect(await ids('state=oversubscribed')).toEqual(['llm/a']);
    expect(await ids('label=env:prod')).toEqual(['llm/a/chat', 'llm/b']);
    expect(await ids('label=env:prod,kind:x')).toEqual(['llm/b']);
    expect(await ids('resource=tokens&application=llm')).toHaveLength(4);
    expect(await ids('resource=cores')).toEqual([]);
    expect(await ids('tier=4')).toEqual(['llm/a/code']);
    const farOff = new Date(Date.now() + 200 * 3_600_000).toISOString();
    expect(await ids(`state=expiring&endsBefore=${farOff}`)).toHaveLength(2);
  });

  it('are of the beginning of a name, or of an id', async () => {
    expect(await ids('search=ch')).toEqual(['llm/a/chat', 'moka/chat']);
    expect(await ids('search=llm/a')).toEqual(['llm/a', 'llm/a/chat', 'llm/a/code']);
    expect(await ids('search=llm/a/c&order=desc')).toEqual(['llm/a/code', 'llm/a/chat']);
    expect((await get('/v1/quotas?search=C%25')).status).toBe(422);
  });

  it('are answered in order, page by page', async () => {
    for (const sort of ['quotaId', 'name', 'overrideUntil']) {
      for (const order of ['asc', 'desc']) {
        const query = `sort=${sort}&order=${order}`;
        const whole = await ids(query);
        const found: string[] = [];
        let after = '';
        for (;;) {
          const page = await get(`/v1/quotas?${query}&limit=1${after}`);
          found.push(...idsOf(page));
          if (page.body['next'] === null) break;
          after = `&after=${encodeURIComponent(page.body['next'] as string)}`;
        }
        expect([query, found]).toEqual([query, whole]);
        expect(whole).toHaveLength(sort === 'overrideUntil' ? 2 : 6);
      }
    }
    expect(await ids('sort=overrideUntil')).toEqual(['llm/b', 'llm/a/code']);
    expect((await get('/v1/quotas?sort=name&after=llm/a')).status).toBe(422);
    expect((await get('/v1/quotas?state=unused')).status).toBe(422);
  });

  it('go no further than the reach', async () => {
    const granted = await stand.token([], { grants: ['operator@moka'] });
    for (const query of ['search=ch', 'state=overridden', 'label=env:prod']) {
      const { body } = await get(`/v1/quotas?${query}`, {}, granted);
      expect(body['quotas']).toHaveLength(query === 'search=ch' ? 1 : 0);
    }
  });
});

describe('what is committed', () => {
  it('is told of every node, of how much, and whether it fits', async () => {
    const { body } = await get('/v1/commitments?application=llm');
    expect(body['commitments']).toEqual([
      {
        application: 'llm',
        node: 'llm',
        resource: 'tokens',
        quotas: 1,
        unlimited: 0,
        guaranteed: '0',
        committed: '100',
        capacity: '150',
        basisPoints: 6_667,
        isOversubscribed: false,
      },
      expect.objectContaining({
        node: 'llm/a',
        committed: '140',
        capacity: '100',
        basisPoints: 14_000,
        isOversubscribed: true,
      }),
    ]);
    const over = await get('/v1/commitments?oversubscribed=true');
    expect(over.body['commitments']).toMatchObject([{ node: 'llm/a' }]);
  });

  it('is summed over all applications, and over those in reach alone', async () => {
    const { body } = await get('/v1/commitments?level=application&resource=tokens&limit=1');
    expect(body).toMatchObject({
      commitments: [{ node: 'llm' }],
      totals: [
        {
          resource: 'tokens',
          unit: 'token',
          applications: 2,
          quotas: 3,
          committed: '100.5',
          capacity: '250',
        },
      ],
      next: 'tokens llm',
    });
    const granted = await stand.token([], { grants: ['operator@moka'] });
    const mine = await get('/v1/commitments?level=application', {}, granted);
    expect(mine.body).toMatchObject({ totals: [{ applications: 1, capacity: '100' }] });
    expect((await get('/v1/commitments?application=llm', {}, granted)).status).toBe(403);
  });
});

describe('what a team has', () => {
  it('is the sum of what is in force for it everywhere, each part once', async () => {
    const { body } = await get('/v1/holdings?owner=ads');
    expect(body).toMatchObject({
      owner: 'ads',
      quotas: 4,
      isWhole: true,
      holdings: [
        { application: 'llm', resource: 'tokens', quotas: 2, topQuotas: 1, limit: '100' },
        { application: 'moka', resource: 'tokens', quotas: 2, topQuotas: 2, limit: '0.5' },
      ],
    });
    expect((await get('/v1/holdings')).status).toBe(422);
    const granted = await stand.token([], { grants: ['operator@moka'] });
    const mine = await get('/v1/holdings?owner=ads', {}, granted);
    expect(mine.body).toMatchObject({ quotas: 2, holdings: [{ application: 'moka' }] });
  });
});

describe('what nobody uses', () => {
  const DAY_MS = 86_400_000;
  const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();
  interface Unused {
    readonly quotaId: string;
    readonly state: string;
  }
  const unused = async (query: string): Promise<readonly (readonly [string, string])[]> => {
    const { body } = await get(`/v1/unused?${query}`);
    return (body['quotas'] as Unused[]).map(({ quotaId, state }) => [quotaId, state] as const);
  };

  beforeAll(async () => {
    // Long ago, so that what is declared was there before the days that are asked for.
    await database.query(
      `UPDATE quotas_1.quota_history SET since_time = since_time - interval '400 days', until_time = until_time - interval '400 days'`,
    );
  });

  it('is said to be unknown while nobody sums usage up', async () => {
    const { body } = await get('/v1/unused?application=llm');
    expect(body).toMatchObject({ data: null, next: null });
    expect(await unused('application=llm')).toEqual([
      ['llm/a', 'noData'],
      ['llm/a/chat', 'noData'],
      ['llm/a/code', 'noData'],
    ]);
  });

  it('is told by what it commits, apart from what nothing was reported of', async () => {
    const login = await provideUsageLogin(databaseUrl, 'test');
    const summary = new pg.Client({ connectionString: login });
    await summary.connect();
    await summary.query(SUMMARY_TABLES);
    await summary.query('INSERT INTO rightsizer.usage_source VALUES (1, 7, $1, $1)', [ago(0)]);
    await summary.query(
      `INSERT INTO rightsizer.application_usage VALUES ('llm', $1, $2), ('moka', $2, $2)`,
      [ago(200), ago(0)],
    );
    const row = `INSERT INTO rightsizer.quota_usage VALUES ($1, 'tokens', $2, $3, $4, $5, 1, 2, 3, 0, 0, 4, 9)`;
    await summary.query(row, ['llm/a', 'llm', ago(200), ago(0), ago(2)]);
    await summary.query(row, ['llm/a/chat', 'llm', ago(200), ago(0), ago(40)]);
    await summary.query(row, ['llm/a/code', 'llm', ago(200), ago(0), null]);
    await summary.query(row, ['moka/chat', 'moka', ago(0), ago(0), null]);
    await summary.end();
    const { body } = await get('/v1/unused?application=llm');
    expect(body).toMatchObject({
      data: { manifestVersion: 7, knownUntil: expect.any(String) as string },
      quotas: [
        { quotaId: 'llm/a/chat', committed: '80', state: 'unused', used: { '30d': '3' } },
        { quotaId: 'llm/a/code', committed: '60', state: 'unused', lastUsedAt: null },
      ],
      next: null,
      lag: 0,
    });
    expect(await unused('unusedForDays=60')).toEqual([
      ['llm/a/code', 'unused'],
      ['moka/chat', 'noData'],
      ['moka/stop', 'noData'],
    ]);
    expect(await unused('unusedForDays=1&state=unused')).toEqual([
      ['llm/a', 'unused'],
      ['llm/a/chat', 'unused'],
      ['llm/a/code', 'unused'],
    ]);
    expect(await unused('state=noData')).toHaveLength(2);
    expect(await unused('owner=ads&within=llm')).toEqual([['llm/a/chat', 'unused']]);
    expect(await unused('resource=cores')).toEqual([]);
  });

  it('is read with no more rights than queries have, whatever stands in place of the tables', async () => {
    const summary = new pg.Client({
      connectionString: await provideUsageLogin(databaseUrl, 'test'),
    });
    await summary.connect();
    await summary.query(`
      ALTER TABLE rightsizer.usage_source RENAME TO kept_source;
      CREATE FUNCTION rightsizer.who_reads() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('role', 'none', true);
        RETURN current_user;
      END $$;
      CREATE VIEW rightsizer.usage_source AS SELECT form,
        (rightsizer.who_reads() <> 'prorata_queries')::integer::bigint AS manifest_version, taken_at, caught_up_at
      FROM rightsizer.kept_source;
      GRANT SELECT ON rightsizer.usage_source TO prorata_reader`);
    const { body } = await get('/v1/unused?application=llm');
    await summary.query(`
      DROP VIEW rightsizer.usage_source;
      ALTER TABLE rightsizer.kept_source RENAME TO usage_source`);
    await summary.end();
    expect(body).toMatchObject({ data: { manifestVersion: 0 } });
  });

  it("goes on page by page, and is nobody else's to read", async () => {
    const ids: string[] = [];
    let after = '';
    do {
      const { body } = await get(`/v1/unused?unusedForDays=1&limit=1${after}`);
      ids.push(...(body['quotas'] as Unused[]).map(({ quotaId }) => quotaId));
      const next = body['next'] as string | null;
      after = next === null ? '' : `&after=${next}`;
    } while (after !== '');
    expect(ids).toEqual(['llm/a', 'llm/a/chat', 'llm/a/code', 'moka/chat', 'moka/stop']);
    for (const wrong of ['unusedForDays=0', 'after=x', 'state=used']) {
      expect([wrong, (await get(`/v1/unused?${wrong}`)).status]).toEqual([wrong, 422]);
    }
    const granted = await stand.token([], { grants: ['operator@moka'] });
    const mine = await get('/v1/unused', {}, granted);
    expect((mine.body['quotas'] as Unused[]).map(({ quotaId }) => quotaId)).toEqual([
      'moka/chat',
      'moka/stop',
    ]);
    expect((await get('/v1/unused?within=llm/a', {}, granted)).status).toBe(403);
  });

  it('leaves out what was not there before those days', async () => {
    await database.query(
      `UPDATE quotas_1.quota_history SET since_time = now() - interval '3 days' WHERE quota_id = 'llm/a/code'`,
    );
    expect(await unused('state=unused')).toEqual([['llm/a/chat', 'unused']]);
    expect(await unused('state=unused&unusedForDays=2')).toHaveLength(2);
  });
});

describe('what nobody uses and did not stand so before', () => {
  const find = async (query: string): Promise<Readonly<Record<string, string>>> => {
    const { body } = await get(`/v1/unused?application=moka&${query}`);
    const rows = body['quotas'] as { quotaId: string; state: string }[];
    return Object.fromEntries(rows.map(({ quotaId, state }) => [quotaId, state]));
  };

  beforeAll(async () => {
    const { stamper } = stand;
    const bounds = { resource: 'tokens', min: 1n, max: 100n, workload: null, pinned: false };
    const resized: EventDraft = {
      type: 'QuotaResized',
      data: { limit: tokensPerSecond(9n), evidence, proposalId: null },
      ...{ quotaId: 'moka/robot', quotaVersion: 2n },
    };
    await stand.append(
      stamper.stamp('application:moka', [
        created('moka/robot', contentOf({ rightsizing: [bounds] })),
        resized,
      ]),
      stamper.stamp('application:moka', [moved('moka/chat', 2n, 'moka/talk')], {
        at: BigInt(Date.now()) * 1_000n,
      }),
    );
    await eventually(async () => {
      expect((await get('/v1/quotas?atLeast=application:moka@6')).status).toBe(200);
    });
  });

  it('is told where the evidence alone set the limit', async () => {
    expect(await find('')).toMatchObject({ 'moka/robot': 'noData' });
  });

  it('is told of a quota that has moved, of which nothing is known yet', async () => {
    await database.query(
      `UPDATE rightsizer.application_usage SET first_reported_at = $1 WHERE application = 'moka'`,
      [new Date(Date.now() - 200 * 86_400_000)],
    );
    await database.query(
      `INSERT INTO rightsizer.quota_usage VALUES ('moka/talk', 'tokens', 'moka', now(), now(), NULL, 0, 0, 0, 0, 0, 0, 0)`,
    );
    expect(await find('')).toEqual({
      'moka/robot': 'noData',
      'moka/stop': 'noData',
      'moka/talk': 'noData',
    });
    await database.query(
      `UPDATE rightsizer.quota_usage SET last_used_at = now() WHERE quota_id = 'moka/talk'`,
    );
    expect(Object.keys(await find(''))).toEqual(['moka/robot', 'moka/stop']);
  });
});

describe('an answer that the asker has', () => {
  it('is not sent again, until it holds something else', async () => {
    const first = await get('/v1/quotas?search=chat');
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/".+"$/);
    const again = await get('/v1/quotas?search=chat', { 'if-none-match': tag });
    expect([again.status, again.headers.get('prorata-lag')]).toEqual([304, '0']);
    const other = await get('/v1/quotas?search=code', { 'if-none-match': tag });
    expect(other.status).toBe(200);
  });

  it('is of one quota until it or what is above it changes, and its tag begins with its version', async () => {
    const read = (tag = '') => get('/v1/quotas/llm%2Fa%2Fchat', { 'if-none-match': tag });
    const first = await read('"1"');
    const tag = first.headers.get('etag') ?? '';
    expect([first.status, tag]).toEqual([200, expect.stringMatching(/^"\d+\.\d+\.\d+\.\d+"$/)]);
    expect((await read(tag)).status).toBe(304);
    const explain = (given = '') =>
      get('/v1/quotas/llm%2Fa%2Fchat/explain', { 'if-none-match': given });
    const explained = (await explain()).headers.get('etag') ?? '';
    expect((await explain(explained)).status).toBe(304);
    expect((await explain()).body).toMatchObject({ rightsizing: [] });
    const lowered = contentOf({ owner: 'ads', limits: [tokensPerSecond(70n)] });
    await stand.append(stand.stamper.stamp('application:llm', [changed('llm/a', 2n, lowered)]));
    await eventually(async () => {
      expect((await get('/v1/quotas?atLeast=application:llm@9')).status).toBe(200);
    });
    const other = await read(tag);
    expect([other.status, other.headers.get('etag')]).toEqual([
      200,
      expect.not.stringMatching(tag),
    ]);
    expect(other.headers.get('etag')?.split('.')[0]).toBe(tag.split('.')[0]);
    expect((await explain(explained)).status).toBe(200);
  });
});
