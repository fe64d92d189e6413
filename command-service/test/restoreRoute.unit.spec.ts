import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PastContents } from '../src/gateway/submit/pastContents.ts';
import { createQuota, registerApplication } from './commands.ts';
import { documentedAnswers } from './documentedAnswers.ts';
import { startMemoryService } from './memoryService.ts';
import type { MemoryService } from './memoryService.ts';

/** Stands in for the projector: what it is asked, and what it answers. */
const projector = {
  asked: [] as { url: string; authorization: string | undefined }[],
  answer: { status: 200, body: {} } as { status: number; body: object } | 'silence',
};

let server: Server;
let projectorUrl: string;
let running: MemoryService;
let token: string;
let faultOf: ReturnType<typeof documentedAnswers>;
const { data: creation } = createQuota('moka/a');
const first = creation['content'] as Record<string, unknown>;

beforeAll(async () => {
  server = createServer((request, response) => {
    projector.asked.push({
      url: request.url ?? '',
      authorization: request.headers.authorization,
    });
    if (projector.answer === 'silence') return;
    response.writeHead(projector.answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(projector.answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  projectorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  running = await startMemoryService({ projectorUrl });
  token = running.secrets.token();
  const document = await (await fetch(`${running.url}/openapi.json`)).json();
  faultOf = documentedAnswers(document as Parameters<typeof documentedAnswers>[0]);
  expect((await send('POST', '/v1/commands', registerApplication('moka'))).status).toBe(200);
  expect((await send('POST', '/v1/commands', createQuota('moka/a'))).status).toBe(200);
  expect((await send('PATCH', '/v1/quotas/moka%2Fa', { tier: 4, reason: 'x' })).status).toBe(200);
});
afterAll(async () => {
  await running.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  projector.asked = [];
});

async function send(method: string, path: string, body: object, further: object = {}) {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...further,
    },
    body: JSON.stringify(body),
  });
  const contentType = response.headers.get('content-type') ?? '';
  const answered = (await response.json()) as Record<string, unknown>;
  const { status, headers } = response;
  expect(faultOf({ method, path, status, contentType, body: answered })).toBe(null);
  return { status, headers, body: answered };
}

const restore = (body: object, quotaId = 'moka%2Fa', further: object = {}) =>
  send(
    'POST',
    `/v1/quotas/${quotaId}/restore`,
    { reason: 'a mistake', dryRun: true, ...body },
    further,
  );

describe('POST /v1/quotas/{quotaId}/restore', () => {
  it('takes the content of the version from the body, and asks nobody', async () => {
    expect(await restore({ version: 1, content: first })).toMatchObject({
      status: 200,
      body: { status: 'accepted', commandType: 'RestoreQuota' },
    });
    const other = await restore({ version: 1, content: { ...first, tier: 0 } });
    expect(other).toMatchObject({
      status: 422,
      body: { code: 'CONTENT_MISMATCH', violations: [{ path: '/content' }] },
    });
    expect(projector.asked).toEqual([]);
  });

  it('reads it from the projector when the body has none, as the caller', async () => {
    projector.answer = { status: 200, body: { version: 1, content: first } };
    expect(await restore({ version: 1 })).toMatchObject({
      status: 200,
      body: { status: 'accepted' },
    });
    expect(projector.asked).toEqual([
      { url: '/v1/quotas/moka%2Fa/versions/1', authorization: `Bearer ${token}` },
    ]);
  });

  it.each([
    [{}, 'is missing'],
    [{ version: 'first' }, 'must be'],
    [{ version: 0 }, 'must be a version that the quota had, from 1'],
  ])('asks of %j for the version alone, for content may be left out', async (said, message) => {
    const { status, body } = await restore(said);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'INVALID_COMMAND',
      violations: [{ path: '/version', message: expect.stringContaining(message) as string }],
    });
    expect(body['detail']).not.toContain('/content');
  });

  it('says of a content that is wrong what is wrong, beside the version', async () => {
    const { body } = await restore({ content: { tier: 4 } });
    const paths = (body['violations'] as { path: string }[]).map(({ path }) => path);
    expect(paths).toContain('/version');
    expect(paths).toContain('/content/owner');
  });

  it('tells, tried dry, what would be declared', async () => {
    const limit = { resource: 'requests', rate: { amount: 40, per: '1s' } };
    const lowered = { limits: [limit], reason: 'x' };
    const patched = await send('PATCH', '/v1/quotas/moka%2Fa', lowered);
    expect(patched.status).toBe(200);
    const { body } = await restore({ version: 1, content: first });
    const [was] = first['limits'] as object[];
    const change = { quotaId: 'moka/a', resource: 'requests', before: limit, after: was };
    expect(body).toMatchObject({ preview: [change], declared: [{ ...change, hiddenBy: null }] });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const override = { limits: [limit], until, reason: 'x' };
    expect((await send('PUT', '/v1/quotas/moka%2Fa/override', override)).status).toBe(200);
    const hidden = await restore({ version: 1, content: first });
    const hiddenBy = { kind: 'override', quotaId: 'moka/a', until };
    expect(hidden.body).toMatchObject({ preview: [], declared: [{ ...change, hiddenBy }] });
  });

  it('believes no projector: the writer holds what it says against the hash', async () => {
    projector.answer = { status: 200, body: { version: 1, content: { ...first, tier: 0 } } };
    expect((await restore({ version: 1 })).body).toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  it.each([
    [404, 'QUOTA_UNKNOWN'],
    [404, 'VERSION_UNKNOWN'],
    [403, 'FORBIDDEN'],
  ])('passes on %i %s', async (status, code) => {
    projector.answer = { status, body: { code, detail: 'As it is.' } };
    expect(await restore({ version: 9 })).toMatchObject({
      status,
      body: { code, detail: 'As it is.' },
    });
  });

  it.each([
    [500, { code: 'INTERNAL' }],
    [404, { code: 'ROUTE_UNKNOWN' }],
    [200, { version: 1 }],
  ])('says that it cannot be read when the projector answers %i %j', async (status, body) => {
    projector.answer = { status, body };
    const answer = await restore({ version: 1 });
    expect([answer.status, answer.body['code']]).toEqual([503, 'VERSIONS_UNAVAILABLE']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  describe('sent again while the projector is away', () => {
    const away = { status: 500, body: { code: 'INTERNAL' } };

    async function decidedOnce(): Promise<{ key: object; outcome: Record<string, unknown> }> {
      const key = { 'idempotency-key': randomUUID() };
      projector.answer = { status: 200, body: { version: 1, content: first } };
      const { status, body } = await restore({ version: 1 }, 'moka%2Fa', key);
      expect(status).toBe(200);
      projector.answer = away;
      return { key, outcome: body };
    }

    it('has its first outcome', async () => {
      const { key, outcome } = await decidedOnce();
      const again = await restore({ version: 1 }, 'moka%2Fa', key);
      expect(again).toMatchObject({ status: 200, body: { eventIds: outcome['eventIds'] } });
      expect(again.body['commandOffset']).toBe(outcome['commandOffset']);
    });

    it.each([
      ['of another reason', { version: 1, reason: 'another' }, 'moka%2Fa', {}],
      ['of another version', { version: 2 }, 'moka%2Fa', {}],
      ['that expects another version', { version: 1, expectedVersion: 1 }, 'moka%2Fa', {}],
      ['that is no dry run', { version: 1, dryRun: false }, 'moka%2Fa', {}],
      ['of another quota', { version: 1 }, 'moka%2Fb', {}],
      ['of another id', { version: 1 }, 'moka%2Fa', { 'idempotency-key': randomUUID() }],
      ['of somebody else', { version: 1 }, 'moka%2Fa', 'other'],
    ] as const)('has no outcome that is not its own: one %s', async (_, body, quotaId, further) => {
      const { key } = await decidedOnce();
      const other = { authorization: `Bearer ${running.secrets.token({ sub: 'somebody-else' })}` };
      const headers = { ...key, ...(further === 'other' ? other : further) };
      const answer = await restore(body, quotaId, headers);
      expect([answer.status, answer.body['code']]).toEqual([503, 'VERSIONS_UNAVAILABLE']);
    });
  });

  it.each([{}, { version: 'x' }, { version: -1 }, { version: '1/../2' }])(
    'refuses %j before anybody is asked',
    async (body) => {
      const answer = await restore(body);
      expect([answer.status, projector.asked]).toEqual([422, []]);
    },
  );
});

describe('what quotas declared in earlier versions', () => {
  const credentials = { authorization: 'Bearer x' };

  it('is waited for no longer than the deadline, and by a bounded number at once', async () => {
    projector.answer = 'silence';
    const contents = new PastContents({ projectorUrl, answerTimeoutMs: 300 });
    const waiting = Array.from({ length: 64 }, () => contents.of('moka/a', '1', credentials));
    await expect(contents.of('moka/a', '1', credentials)).rejects.toMatchObject({
      code: 'VERSIONS_UNAVAILABLE',
      detail: expect.stringContaining('Too many') as string,
    });
    const ends = await Promise.allSettled(waiting);
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
    projector.answer = { status: 200, body: { content: first } };
    expect(await contents.of('moka/a', '1', credentials)).toEqual(first);
  });

  it('cannot be read without a projector', async () => {
    for (const url of [null, 'http://127.0.0.1:1']) {
      await expect(
        new PastContents({ projectorUrl: url }).of('moka/a', '1', credentials),
      ).rejects.toMatchObject({ code: 'VERSIONS_UNAVAILABLE' });
    }
  });
});
