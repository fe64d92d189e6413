import { contentHash } from '@prorata/quota-model';
import { fromJson } from '@prorata/schemas';
import type { QuotaContent } from '@prorata/schemas';
import { freshDatabase } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  contentOf,
  created,
  deleted,
  haircut,
  moved,
  registered,
  restored,
  tokensPerSecond,
} from '../../test/drafts.ts';
import { dumpOf, eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { startProjector } from '../startProjector.ts';
import type { Projector } from '../startProjector.ts';

const STREAM = 'application:llm';
/** Nothing of it may be lost on the way through the database: order, large numbers, what is null. */
const first = contentOf({
  labels: { b: '2', a: '1' },
  attributes: '{"z":[null,1.50],"a":{"y":1,"x":"\\u00e9"}}',
  limits: [{ ...tokensPerSecond(2n ** 63n - 1n), burst: 9_007_199_254_740_993n }],
  match: [{ attribute: 'caller', operator: 'in', values: ['b', 'a'] }],
  rightsizing: [{ resource: 'tokens', min: 1n, max: 2n ** 60n, workload: null, pinned: false }],
});
const second = contentOf({ tier: 4, limits: [tokensPerSecond(7n)] });

interface Version {
  readonly version: number;
  readonly type: string;
  readonly contentHash: string;
  readonly content: object;
}

let stand: Stand;
let databaseUrl: string;
let projector: Projector;
let token: string;

async function openProjector(url: string): Promise<Projector> {
  const opened = await startProjector(stand.settings(url), { sessionTimeoutMs: 6_000 });
  await eventually(async () => {
    const response = await fetch(`${opened.url}/readyz`);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });
  return opened;
}

async function get(path: string, bearer = token): Promise<{ status: number; body: never }> {
  const headers = { authorization: `Bearer ${bearer}` };
  const response = await fetch(`${projector.url}/v1/quotas/${path}`, { headers });
  return { status: response.status, body: (await response.json()) as never };
}

const listed = ({ body }: { body: unknown }): [number, string][] =>
  (body as { versions: Version[] }).versions.map(({ version, type }) => [version, type]);

beforeAll(async () => {
  stand = await openStand();
  databaseUrl = await freshDatabase();
  const { stamper } = stand;
  await stand.append(
    stamper.stamp(STREAM, [registered]),
    stamper.stamp(STREAM, [created('llm/a', contentOf()), created('llm/b', contentOf())]),
    stamper.stamp(STREAM, [created('llm/a/chat', first)]),
    stamper.stamp(STREAM, [haircut('llm/a/chat', 2n)]),
    stamper.stamp(STREAM, [changed('llm/a/chat', 3n, second)], { reason: 'less' }),
    stamper.stamp(STREAM, [moved('llm/a', 2n, 'llm/c')]),
    stamper.stamp(STREAM, [restored('llm/c/chat', 4n, 2n, first)], { reason: 'a mistake' }),
    // Another life of a path that a quota has left, and one that ends.
    stamper.stamp(STREAM, [created('llm/a', second)]),
    stamper.stamp(STREAM, [deleted('llm/b', 2n), created('llm/b', second), deleted('llm/b', 2n)]),
  );
  projector = await openProjector(databaseUrl);
  token = await stand.token(['member'], {});
});
afterAll(async () => {
  await projector.stop();
  await stand.close();
});

describe('the versions of a quota', () => {
  it('are those that gave it other content, newest first, and go along with a move', async () => {
    const all = await get('llm%2Fc%2Fchat/versions');
    expect(listed(all)).toEqual([
      [4, 'QuotaRestored'],
      [3, 'QuotaChanged'],
      [1, 'QuotaCreated'],
    ]);
    expect(all.body).toMatchObject({
      isDeleted: false,
      versions: [{ fromVersion: 2, reason: 'a mistake', actor: { subject: 'alice' } }, {}, {}],
      next: null,
      lag: 0,
    });
    expect((await get('llm%2Fa%2Fchat/versions')).status).toBe(404);
    expect(listed(await get('llm%2Fa/versions'))).toEqual([[1, 'QuotaCreated']]);
  });

  it('are paged, in either order', async () => {
    const page = await get('llm%2Fc%2Fchat/versions?order=asc&limit=2');
    expect(listed(page)).toEqual([
      [1, 'QuotaCreated'],
      [3, 'QuotaChanged'],
    ]);
    const { next } = page.body as { next: string };
    expect(listed(await get(`llm%2Fc%2Fchat/versions?order=asc&after=${next}`))).toEqual([
      [4, 'QuotaRestored'],
    ]);
    expect((await get('llm%2Fc%2Fchat/versions?after=x')).status).toBe(422);
  });

  it('have content that can be sent back: it has the hash of the event', async () => {
    for (const [version, content] of [
      [1, first],
      [2, first],
      [3, second],
    ] as const) {
      const { body } = await get(`llm%2Fc%2Fchat/versions/${version}`);
      const found = body as Version;
      expect(found.version).toBe(version === 2 ? 1 : version);
      expect(found.contentHash).toBe(contentHash(content));
      const read = fromJson('io.prorata.type.QuotaContent', found.content);
      if ('violations' in read) throw new TypeError(JSON.stringify(read.violations));
      expect(contentHash(read.value as QuotaContent)).toBe(found.contentHash);
    }
  });

  it('that there are not are not found', async () => {
    for (const version of ['0', '5', '-1', 'x', '99999999999999999999']) {
      expect(await get(`llm%2Fc%2Fchat/versions/${version}`)).toMatchObject({
        status: 404,
        body: { code: 'VERSION_UNKNOWN', lag: 0 },
      });
    }
    expect(await get('llm%2Fnone/versions/1')).toMatchObject({
      status: 404,
      body: { code: 'QUOTA_UNKNOWN' },
    });
  });

  it('of a deleted quota are those of its last life', async () => {
    const { body } = await get('llm%2Fb/versions');
    expect(body).toMatchObject({ isDeleted: true, versions: [{ version: 1 }] });
    const last = (await get('llm%2Fb/versions/1')).body as Version;
    expect(last.contentHash).toBe(contentHash(second));
  });

  it('are for those who may read the quota', async () => {
    const elsewhere = await stand.token([], { kind: 'service', application: 'moka' });
    expect((await get('llm%2Fc/versions', elsewhere)).status).toBe(403);
    expect((await get('llm%2Fc/versions/1', elsewhere)).status).toBe(403);
    expect((await get('llm%2Fc/versions', await stand.token(['host']))).status).toBe(403);
  });

  it('come back from the log alone, however events were batched', async () => {
    const { stamper } = stand;
    await stand.append(stamper.stamp(STREAM, [moved('llm/c', 3n, 'llm/d')]));
    await eventually(async () => {
      expect(listed(await get('llm%2Fd%2Fchat/versions'))).toHaveLength(3);
    });
    const again = await freshDatabase();
    await projector.stop();
    projector = await openProjector(again);
    const [before, after] = [await dumpOf(databaseUrl), await dumpOf(again)];
    expect(after['quota_versions']).toEqual(before['quota_versions']);
    expect(after['quota_versions']).toHaveLength(7);
  });
});
