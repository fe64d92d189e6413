import type { EventDraft } from '@prorata/quota-model';
import { freshDatabase } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  contentOf,
  created,
  haircut,
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

const HOUR_MICROS = 3_600_000_000n;

beforeAll(async () => {
  stand = await openStand();
  projector = await startProjector(stand.settings(await freshDatabase()), {
    sessionTimeoutMs: 6_000,
  });
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
    expect([first.status, tag]).toEqual([200, expect.stringMatching(/^"\d+\.\d+"$/)]);
    expect((await read(tag)).status).toBe(304);
    const explain = (given = '') =>
      get('/v1/quotas/llm%2Fa%2Fchat/explain', { 'if-none-match': given });
    const explained = (await explain()).headers.get('etag') ?? '';
    expect((await explain(explained)).status).toBe(304);
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
