import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resourceTable } from '../src/gateway/resourceTable.ts';
import { createQuota, registerApplication } from './commands.ts';
import { documentedAnswers } from './documentedAnswers.ts';
import { startMemoryService } from './memoryService.ts';
import type { MemoryService } from './memoryService.ts';

let running: MemoryService;
let token: string;
/** Every answer of this file is held against the document. */
let faultOf: ReturnType<typeof documentedAnswers>;
beforeAll(async () => {
  running = await startMemoryService();
  token = running.secrets.token();
  const document = await (await fetch(`${running.url}/openapi.json`)).json();
  faultOf = documentedAnswers(document as Parameters<typeof documentedAnswers>[0]);
  expect((await send('POST', '/v1/commands', registerApplication('moka'))).status).toBe(200);
});
afterAll(() => running.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  const contentType = response.headers.get('content-type') ?? '';
  const [place = ''] = path.split('?');
  const { status, headers: answered } = response;
  expect(faultOf({ method, path: place, status, contentType, body: parsed })).toBe(null);
  return { status, headers: answered, body: parsed };
}

const pathsOf = ({ body }: Answer): unknown[] =>
  (body['violations'] as { path: string }[]).map(({ path }) => path);

describe('the document', () => {
  it('tells an answer that it does not describe from one that it does', () => {
    const answer = { method: 'POST', path: '/v1/commands', contentType: 'application/json' };
    expect(faultOf({ ...answer, status: 200, body: { commandId: 'x' } })).toMatch(/required/);
    expect(faultOf({ ...answer, status: 418, body: {} })).toMatch(/not documented/);
    const place = { commandId: 'x', location: '/v1/commands/x' };
    expect(faultOf({ ...answer, status: 202, body: place })).toBe(null);
  });
});

describe('one command', () => {
  it('takes its version from If-Match, and its reason from a header, in UTF-8', async () => {
    await send('POST', '/v1/commands', createQuota('moka/version'));
    const { stream } = createQuota('moka/version');
    const change = { type: 'ChangeQuota', stream, data: { quotaId: 'moka/version', tier: 1 } };
    const reason = Buffer.from('für die Prüfung').toString('latin1');
    const first = await send('POST', '/v1/commands', change, {
      'if-match': '"1"',
      'prorata-reason': reason,
    });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    expect(first.headers.get('prorata-at-least')).toMatch(/^application:\w+@\d+$/);
    const stale = await send('POST', '/v1/commands?reason=again', change, { 'if-match': '"1"' });
    expect([stale.status, stale.body['code']]).toEqual([409, 'VERSION_MISMATCH']);
  });

  it('is refused when the header and the body say different things, in the places of both', async () => {
    const body = { ...createQuota('moka/twice'), expectedVersion: 0 };
    const answer = await send('POST', '/v1/commands?dryrun=true', body, {
      'if-match': '"4"',
      'prorata-reason': 'another one',
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'PARAMETER_INVALID' } });
    expect(pathsOf(answer).sort()).toEqual(['If-Match', 'Prorata-Reason', 'dryrun']);
  });

  it('tried dry by the query writes no event', async () => {
    const dry = await send('POST', '/v1/commands?dryRun=true', createQuota('moka/dry'));
    expect(dry.body).toMatchObject({ status: 'accepted', dryRun: true, eventIds: [] });
  });

  it('names places the same, whether the door or the decision refuses', async () => {
    const atTheDoor = createQuota('moka/places');
    (atTheDoor.data['content'] as Record<string, unknown>)['tier'] = 'two';
    const byDecision = createQuota('moka/places');
    (byDecision.data['content'] as Record<string, unknown>)['tier'] = 9;
    for (const body of [atTheDoor, byDecision]) {
      expect(pathsOf(await send('POST', '/v1/commands', body))).toEqual(['/data/content/tier']);
    }
    const { body } = await send('POST', '/v1/commands', byDecision);
    expect(body).toMatchObject({ code: 'TIER_INVALID', remedy: expect.any(String) as string });
  });

  it('names the header of an id that is none', async () => {
    const headers = { 'idempotency-key': 'mine' };
    const answer = await send('POST', '/v1/commands', createQuota('moka/x'), headers);
    expect(pathsOf(answer)).toEqual(['Idempotency-Key']);
  });
});

describe('what no route understands', () => {
  const ids: Readonly<Record<string, string>> = {
    quotaId: 'moka%2Fx',
    proposalId: 'moka-p1',
    rolloutId: 'moka-r1',
  };
  const addressOf = ({ path }: { path: string }): string =>
    path.replaceAll(/:(\w+)/g, (_all, name: string) => ids[name] ?? 'moka');
  const routes = [
    ...resourceTable.map((route) => [route.method, addressOf(route), {}] as const),
    ['POST', '/v1/commands', createQuota('moka/x')] as const,
    ['POST', '/v1/commands/batch', { commands: [createQuota('moka/x')] }] as const,
  ];

  it.each(routes)('is passed over by none: %s %s', async (method, path, body) => {
    const why = { 'prorata-reason': 'for the test' };
    const refused = async (more: string, added: object, headers = {}): Promise<unknown[]> => {
      const sent = { ...body, ...added };
      const answer = await send(method, `${path}${more}`, sent, { ...why, ...headers });
      expect([more, answer.status]).toEqual([more, 422]);
      return pathsOf(answer);
    };
    expect(await refused('?nonsense=1', {})).toContain('nonsense');
    expect(await refused('?dryRun=perhaps', {})).toContain('dryRun');
    expect(await refused('', { nonsense: 1 })).toContain('/nonsense');
    expect(await refused('', {}, { 'prorata-dry-run': 'true' })).toContain('prorata-dry-run');
    expect(await refused('', {}, { 'if-unmodified-since': 'x' })).toContain('if-unmodified-since');
    expect(await refused('', {}, { 'if-match': 'W/"x"' })).toContain('If-Match');
    expect(await refused('', {}, { 'if-none-match': '"3a"' })).toContain('If-None-Match');
    expect(await refused('', { dryRun: 'perhaps' })).toContain('/dryRun');
  });

  it('says what If-Match takes', async () => {
    const why = { 'prorata-reason': 'for the test', 'if-match': 'W/"1"' };
    const { body } = await send('PATCH', '/v1/quotas/moka%2Fprod', { tier: 1 }, why);
    expect(JSON.stringify(body['violations'])).toMatch(/as the ETag of a read has it/);
  });
});

describe('a body', () => {
  it.each([
    ['application/x-www-form-urlencoded', '{"type":"CreateQuota"}'],
    ['text/plain', '{}'],
    ['application/json; charset=utf-16', '{}'],
  ])('of %s is refused with a hint', async (type, body) => {
    const answer = await send('POST', '/v1/commands', body, { 'content-type': type });
    expect([answer.status, answer.body['code']]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
    expect(answer.body['remedy']).toContain('Content-Type: application/json');
  });

  it.each(['null', '"text"', '5', 'nul'])('of %s is refused as no object', async (body) => {
    const answer = await send('POST', '/v1/commands', body);
    expect([answer.status, answer.body['detail']]).toEqual([400, 'A body must be an object.']);
  });

  it('that is too deep is refused before it is parsed', async () => {
    const deep = `{"data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    const answer = await send('POST', '/v1/commands', deep);
    expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_MALFORMED']);
  });

  it('that is too large is refused, and a batch may be larger', async () => {
    const body = { ...createQuota('moka/large'), more: 'x'.repeat(300_000) };
    expect((await send('POST', '/v1/commands', body)).status).toBe(413);
    const batch = await send('POST', '/v1/commands/batch', { commands: [body] });
    expect(batch).toMatchObject({ status: 207, body: { results: [{ status: 422 }] } });
    const larger = await send('POST', '/v1/commands/batch', { x: 'x'.repeat(2_200_000) });
    expect(larger.status).toBe(413);
  });
});

describe('a batch', () => {
  const batch = (commands: unknown, headers: Record<string, string> = {}) =>
    send('POST', '/v1/commands/batch', { commands }, headers);

  it('answers each command for itself and in order, also with others amiss', async () => {
    const answer = await batch([
      createQuota('moka/batch'),
      { ...createQuota('moka/batch/under'), reason: 'the parent is above' },
      createQuota('moka/batch'),
      { type: 'Nothing' },
      'nothing',
      createQuota('tidb/a'),
    ]);
    expect(answer.status).toBe(207);
    const results = answer.body['results'] as Record<string, unknown>[];
    expect(results.map(({ status }) => status)).toEqual([200, 200, 409, 422, 422, 404]);
    expect(results[1]).toMatchObject({ outcome: { quotaId: 'moka/batch/under' } });
    expect(results[2]).toMatchObject({ problem: { code: 'QUOTA_EXISTS' } });
  });

  it('sent again is decided once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const commands = [createQuota('moka/once'), createQuota('moka/once-more')];
    const [first, again] = [await batch(commands, headers), await batch(commands, headers)];
    const idsOf = ({ body }: Answer): unknown[] =>
      (body['results'] as { status: number; outcome: { eventIds: unknown } }[]).map(
        ({ status, outcome }) => [status, outcome.eventIds],
      );
    expect(idsOf(again)).toEqual(idsOf(first));
  });

  it('takes ids of its commands', async () => {
    const commandId = randomUUID();
    const answer = await batch([{ ...createQuota('moka/own-id'), commandId }]);
    expect(answer.body).toMatchObject({ results: [{ commandId, outcome: { commandId } }] });
    const look = await send('GET', `/v1/commands/${commandId}`);
    expect(look).toMatchObject({ status: 200, body: { status: 'accepted' } });
  });

  const dryRunsOf = ({ body }: Answer): unknown[] =>
    (body['results'] as { outcome: { dryRun: unknown; eventIds: unknown } }[]).map(
      ({ outcome }) => [outcome.dryRun, outcome.eventIds],
    );
  const to = (query: string, body: object, headers: Record<string, string> = {}) =>
    send('POST', `/v1/commands/batch${query}`, body, headers);

  it('is tried dry as a whole, by the query or by its body', async () => {
    const commands = [createQuota('moka/batch-dry'), createQuota('moka/batch-dry-too')];
    const asked = [
      await to('?dryRun=true', { commands }),
      await to('', { dryRun: true, commands }),
      await to('?dryRun=true', { commands: commands.map((each) => ({ ...each, dryRun: true })) }),
    ];
    for (const answer of asked)
      expect(dryRunsOf(answer)).toEqual([
        [true, []],
        [true, []],
      ]);
    const one = { ...createQuota('moka/batch-dry'), dryRun: true };
    expect(dryRunsOf(await to('', { commands: [one] }))).toEqual([[true, []]]);
  });

  it('that contradicts itself about being tried dry is refused as a whole', async () => {
    const commands = [createQuota('moka/x'), { ...createQuota('moka/y'), dryRun: false }];
    const within = await to('?dryRun=true', { commands });
    expect([within.status, within.body['code']]).toEqual([422, 'INVALID_BATCH']);
    expect(pathsOf(within)).toEqual(['/commands/1/dryRun']);
    const beside = await to('?dryRun=false', { dryRun: true, commands });
    expect([beside.status, pathsOf(beside)]).toEqual([422, ['dryRun']]);
  });

  it('says a reason for all that have none of their own', async () => {
    const { type, stream, data } = createQuota('moka/batch-reason');
    const bare = { type, stream, data };
    const refused = await to('', { commands: [bare] });
    expect(refused.body).toMatchObject({ results: [{ status: 422 }] });
    const taken = await to('?reason=for%20all', { commands: [{ ...bare, dryRun: true }] });
    expect(taken.body).toMatchObject({ results: [{ status: 200 }] });
    const own = await to('', { reason: 'for all', commands: [createQuota('moka/batch-reason')] });
    expect(own.body).toMatchObject({ results: [{ status: 200, outcome: { dryRun: false } }] });
  });

  it.each([
    ['no list', {}],
    ['nothing', []],
    ['too many', Array.from({ length: 501 }, () => ({}))],
  ])('of %s is refused', async (_what, commands) => {
    const answer = await batch(commands);
    expect([answer.status, answer.body['code']]).toEqual([422, 'INVALID_BATCH']);
  });
});

describe('a quota by its address', () => {
  const { content } = createQuota('moka/x').data as { content: Record<string, unknown> };
  const at = (id: string, more = ''): string => `/v1/quotas/${encodeURIComponent(id)}${more}`;
  const why = { 'prorata-reason': 'for the test' };

  it('is created by PUT, changed by PUT and PATCH with its version, and deleted', async () => {
    const place = at('moka/resource');
    const made = await send('PUT', place, content, { ...why, 'if-none-match': '*' });
    expect([made.status, made.headers.get('etag')]).toEqual([200, '"1"']);
    const again = await send('PUT', place, content, { ...why, 'if-none-match': '*' });
    expect([again.status, again.body['code']]).toEqual([409, 'VERSION_MISMATCH']);
    const put = await send('PUT', place, { ...content, tier: 1, reason: 'more weight' });
    expect(put.headers.get('etag')).toBe('"2"');
    const patch = { labels: { team: 'ads' }, mode: 'shadow' };
    const patched = await send('PATCH', place, patch, { ...why, 'if-match': '"2"' });
    expect(patched.headers.get('etag')).toBe('"3"');
    const stale = await send('PATCH', place, { tier: 2 }, { ...why, 'if-match': '"2"' });
    expect([stale.status, stale.body['code']]).toEqual([409, 'VERSION_MISMATCH']);
    expect((await send('DELETE', `${place}?reason=gone`)).status).toBe(200);
    expect((await send('DELETE', place, undefined, why)).status).toBe(404);
  });

  it('must be there for If-Match: *, and must not for If-None-Match: *', async () => {
    const place = at('moka/preconditions');
    const absent = await send('PUT', place, content, { ...why, 'if-match': '*' });
    expect([absent.status, absent.body['code']]).toEqual([409, 'VERSION_MISMATCH']);
    expect(absent.body['detail']).toBe('It was expected to exist, and does not.');
    await send('PUT', place, content, why);
    const there = await send('PUT', place, { ...content, tier: 1 }, { ...why, 'if-match': '*' });
    expect([there.status, there.headers.get('etag')]).toEqual([200, '"2"']);
    const again = await send('PUT', place, content, { ...why, 'if-none-match': '*' });
    expect(again.body['detail']).toBe('It exists already, at version 2.');
  });

  it('is overridden, suspended and resumed below its address', async () => {
    const place = at('moka/overridden');
    await send('PUT', place, content, why);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const limits = [{ resource: 'requests', rate: { amount: 10, per: '1s' } }];
    const answers = [
      await send('PUT', `${place}/override`, { limits, until }, why),
      await send('DELETE', `${place}/override`, undefined, why),
      await send('PUT', `${place}/suspension`, { until }, why),
      await send('DELETE', `${place}/suspension`, undefined, why),
    ];
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(
      answers.map(() => [200, 'ACCEPTED']),
    );
  });

  it('is moved, handed over, and deleted with all below it', async () => {
    const place = at('moka/parent');
    await send('PUT', place, content, why);
    await send('PUT', at('moka/parent/child'), content, why);
    const moved = await send('POST', `${place}/move`, { toQuotaId: 'moka/moved' }, why);
    expect([moved.status, moved.body['code']]).toEqual([200, 'ACCEPTED']);
    expect((await send('DELETE', place, undefined, why)).status).toBe(404);
    const handed = await send(
      'POST',
      `${at('moka/moved')}/transfer`,
      { owner: 'group:other' },
      why,
    );
    expect([handed.status, handed.body['code']]).toEqual([200, 'ACCEPTED']);
    const refused = await send('DELETE', at('moka/moved'), undefined, why);
    expect([refused.status, refused.body['code']]).toEqual([409, 'QUOTA_HAS_CHILDREN']);
    const unknown = await send('DELETE', `${at('moka/moved')}?children=all`, undefined, why);
    expect([unknown.status, pathsOf(unknown)]).toEqual([422, ['children']]);
    const all = await send('DELETE', `${at('moka/moved')}?children=cascade`, undefined, why);
    expect(all.status).toBe(200);
    expect((await send('DELETE', at('moka/moved/child'), undefined, why)).status).toBe(404);
  });

  it('is asked more for, and the request taken back', async () => {
    const place = at('moka/asking');
    await send('PUT', place, content, why);
    const limits = [{ resource: 'requests', rate: { amount: 1_000, per: '1s' } }];
    const asked = await send('POST', `${place}/increase-requests`, { limits }, why);
    expect(asked).toMatchObject({ status: 200, body: { status: 'accepted', code: 'PROPOSED' } });
    const id = String(asked.body['result']);
    expect(asked.body['message']).toMatch(`Waits for approval as ${id} until 20`);
    const proposal = `/v1/proposals/${String(asked.body['result'])}`;
    const withdrawn = await send('POST', `${proposal}/withdraw`, {}, why);
    expect([withdrawn.status, withdrawn.body['code']]).toEqual([200, 'ACCEPTED']);
    const late = await send('POST', `${proposal}/approve`, {}, why);
    expect([late.status, late.body['code']]).toEqual([404, 'PROPOSAL_UNKNOWN']);
  });

  it('above what one person may raise says that it waits, tried dry too', async () => {
    const policy = { raiseApprovalAboveBasisPoints: 1_000 };
    const registration = { ...registerApplication('llm').data, changePolicy: policy };
    const registered = await send('PUT', '/v1/applications/llm', registration, why);
    expect([registered.status, registered.body['detail']]).toEqual([200, undefined]);
    await send('PUT', at('llm/prod'), content, why);
    const limits = [{ resource: 'requests', rate: { amount: 1_000, per: '1s' } }];
    const id = randomUUID();
    const asked = { ...why, 'idempotency-key': id };
    const dry = await send('PATCH', `${at('llm/prod')}?dryRun=true`, { limits }, asked);
    expect(dry).toMatchObject({ status: 200, body: { code: 'PROPOSED', dryRun: true } });
    const reused = await send('PATCH', at('llm/prod'), { limits }, asked);
    expect([reused.body['code'], reused.body['detail']]).toEqual([
      'COMMAND_ID_REUSED',
      'Within 24 hours this id was sent as a dry run: a dry run has an id of its own.',
    ]);
    const parked = await send('PATCH', at('llm/prod'), { limits }, why);
    const { code, result, message, reason } = parked.body;
    expect([parked.status, code, reason]).toEqual([200, 'PROPOSED', 'for the test']);
    expect(message).toMatch(`Waits for approval as ${String(result)} until `);
    expect(parked.headers.get('etag')).toBe('"2"');
  });

  it('is tried dry', async () => {
    const dry = await send('PUT', `${at('moka/dry-put')}?dryRun=true`, content, why);
    expect(dry.body).toMatchObject({ dryRun: true, eventIds: [] });
    expect((await send('DELETE', at('moka/dry-put'), undefined, why)).status).toBe(404);
  });

  it('names places in its own body and address, whoever refuses', async () => {
    const place = at('moka/places-put');
    const refusedAt = async (method: string, path: string, body: unknown): Promise<unknown[]> =>
      pathsOf(await send(method, path, body, why));
    expect(await refusedAt('PUT', place, { ...content, tier: 'two' })).toEqual(['/tier']);
    expect(await refusedAt('PUT', place, { ...content, tier: 9 })).toEqual(['/tier']);
    await send('PUT', place, content, why);
    expect(await refusedAt('PUT', place, { ...content, tier: 9 })).toEqual(['/tier']);
    expect(await refusedAt('PATCH', place, { owner: null })).toEqual(['/owner']);
    expect(await refusedAt('PATCH', place, { labels: { a: 1 } })).toEqual(['/labels/a']);
    const gold = [{ resource: 'gold', rate: { amount: 1 } }];
    expect(await refusedAt('PATCH', place, { limits: gold })).toEqual(['/limits/0']);
    expect(await refusedAt('DELETE', at('moka/Nowhere'), undefined)).toEqual(['quotaId']);
    expect(await refusedAt('DELETE', at('Moka/x'), undefined)).toEqual(['quotaId']);
    expect(await refusedAt('PUT', `${place}/override`, { quotaId: 'moka/y' })).toEqual([
      '/quotaId',
    ]);
    expect(await refusedAt('PUT', place, '[]')).toEqual(['']);
  });

  it('names the part of an id that is wrong, whoever refuses', async () => {
    const refused = async (method: string, path: string): Promise<unknown[]> => {
      const { status, body } = await send(
        method,
        path,
        method === 'GET' ? undefined : content,
        why,
      );
      return [status, body['code'], body['detail']];
    };
    const rule = 'and may have a-z, 0-9 and inner hyphens';
    expect(await refused('PUT', at('LLM/prod'))).toEqual([
      422,
      'QUOTA_ID_INVALID',
      `"LLM/prod" is no quota id: the segment "LLM" has "L", ${rule}.`,
    ]);
    expect(await refused('PUT', at('moka/Prod'))).toEqual([
      422,
      'QUOTA_ID_INVALID',
      `"moka/Prod" is no quota id: the segment "Prod" has "P", ${rule}.`,
    ]);
    const long = `moka/${'x'.repeat(300)}`;
    expect(String((await refused('PUT', at(long)))[2])).toContain('has 300 characters, and 63');
    expect(String((await refused('PUT', at('moka')))[2])).toContain('names an application alone');
    expect(await refused('PUT', '/v1/applications/l_m')).toEqual([
      422,
      'INVALID_COMMAND',
      `"l_m" names no application: the segment "l_m" has "_", ${rule}.`,
    ]);
    const proposal = await refused('POST', '/v1/proposals/zzz/approve');
    expect(proposal.slice(0, 2)).toEqual([404, 'PROPOSAL_UNKNOWN']);
    expect(await refused('GET', '/v1/quotas/moka/prod')).toEqual([
      404,
      'ROUTE_UNKNOWN',
      'There is no GET /v1/quotas/moka/prod here. An id is one segment of a path, its slashes written %2F: /v1/quotas/moka%2Fprod.',
    ]);
  });

  it('speaks of one place in one way throughout an answer', async () => {
    const place = at('moka/one-way');
    await send('PUT', place, content, why);
    const limits = [
      { resource: 'requests', rate: { amount: 1, per: '1s' } },
      { resource: 'gold', rate: { amount: 1 } },
    ];
    const byDecision = await send('PATCH', place, { limits }, why);
    const within = (byDecision.body['outcome'] as { violations: { path: string }[] }).violations;
    expect([pathsOf(byDecision), within.map(({ path }) => path)]).toEqual([
      ['/limits/1'],
      ['/limits/1'],
    ]);
    const atTheDoor = await send(
      'PATCH',
      place,
      { limits: [{ resource: 'x', rate: { amount: -1 } }] },
      why,
    );
    expect(atTheDoor.body).toMatchObject({
      detail: expect.stringContaining(': /limits/0/rate/amount is negative') as string,
      violations: [{ code: 'INVALID_COMMAND', path: '/limits/0/rate/amount' }],
    });
  });

  it('needs a reason, and says where it may stand', async () => {
    const answer = await send('PUT', at('moka/why'), content);
    expect(pathsOf(answer)).toEqual(['/reason']);
    expect(answer.body['detail']).toMatch(
      /audit log \(in the body, as \?reason= or as Prorata-Reason\)\.$/,
    );
  });

  it('takes a waiver by name in the query, and none without a reason', async () => {
    const place = at('moka/places-put');
    const waived = await send(
      'DELETE',
      `${place}?waive=BELOW_USAGE:measured%20wrongly`,
      undefined,
      why,
    );
    expect(waived.status).toBe(200);
    expect(pathsOf(await send('DELETE', `${place}?waive=all`, undefined, why))).toEqual(['waive']);
  });
});

describe('other resources by their addresses', () => {
  const why = { 'prorata-reason': 'for the test' };
  it('are registered and defined', async () => {
    const prices = [
      {
        resource: 'tokens',
        application: 'moka',
        amount: '1',
        perUnits: 1,
        effectiveFrom: '2026-01-01T00:00:00Z',
      },
    ];
    const answers = [
      await send('PUT', '/v1/applications/tidb', registerApplication('tidb').data, why),
      await send('PUT', '/v1/price-books/list', { currency: 'USD', prices }, why),
      await send(
        'PUT',
        `/v1/applications/moka/entitlements/${encodeURIComponent('acme/ads')}/requests`,
        { bound: 'amount', amount: 100 },
        why,
      ),
    ];
    expect(answers.map(({ status, body }) => [status, body['detail'] ?? 'taken'])).toEqual(
      answers.map(() => [200, 'taken']),
    );
  });

  it('are allocated by a budget and released, and then retired', async () => {
    const organization = '/v1/organizations/acme';
    const place = `${organization}/projects/ads/allocations/moka/requests`;
    const window = { kind: 'calendar_month', timeZone: 'Europe/Berlin' };
    const unitCost = {
      priceBook: 'costs',
      priceBookVersion: 1,
      currency: 'EUR',
      amount: '1',
      perUnits: 1_000_000,
      unitsPerWindow: 1,
    };
    const completed = (allocation: unknown): Promise<Answer> => {
      const named = { project: 'acme/ads', application: 'moka', resource: 'requests' };
      const data = { ...named, allocation, answer: 'accepted' };
      const stream = 'organization:acme';
      return taken('POST', '/v1/commands', { type: 'CompleteAllocation', stream, data });
    };
    const taken = async (method: string, path: string, body?: unknown): Promise<Answer> => {
      const answer = await send(method, path, body, why);
      expect([path, answer.status, answer.body['detail']]).toEqual([path, 200, undefined]);
      return answer;
    };
    await taken('PUT', organization, { displayName: 'Acme' });
    await taken('PUT', `${organization}/teams/data`, { displayName: 'Data', owner: 'data' });
    await taken('PUT', `${organization}/projects/ads`, {
      team: 'data',
      owner: 'ads',
      displayName: 'Ads',
    });
    await taken('PUT', '/v1/budgets/acme/monthly', {
      project: 'acme/ads',
      amount: '100.00',
      currency: 'EUR',
      window,
      priceBook: 'costs',
      tierPolicy: 'standard',
    });
    const override = '/v1/budgets/acme/monthly/override';
    const past = await send('PUT', override, { until: '2026-01-01T00:00:00Z' }, why);
    expect([past.status, past.body['code']]).toEqual([422, 'OVERRIDE_END_INVALID']);
    await taken('PUT', override, { until: new Date(Date.now() + 3_600_000).toISOString() });
    await taken('DELETE', override);
    const nameless = await send('DELETE', place, undefined, why);
    expect([nameless.status, pathsOf(nameless)]).toEqual([422, ['budgetId']]);
    const twice = await send('DELETE', `${place}?budgetId=monthly`, { amount: 5 }, why);
    expect([twice.status, pathsOf(twice)]).toEqual([422, ['/amount']]);
    const allocation = { budgetId: 'monthly', bound: 'amount', amount: 10, unitCost };
    const { body } = await taken('PUT', place, allocation);
    const waiting = await send('DELETE', `${place}?budgetId=monthly`, undefined, why);
    expect([waiting.status, waiting.body['code']]).toEqual([409, 'ALLOCATION_PENDING']);
    await completed(body['result']);
    const kept = await send('DELETE', '/v1/budgets/acme/monthly', undefined, why);
    expect([kept.status, kept.body['code']]).toEqual([409, 'BUDGET_IN_USE']);
    const released = await taken('DELETE', `${place}?budgetId=monthly`);
    await completed(released.body['result']);
    await taken('DELETE', '/v1/budgets/acme/monthly');
    await taken('DELETE', `${organization}/projects/ads`);
    await taken('DELETE', `${organization}/teams/data`);
  });

  it('knows the application of a proposal by its name', async () => {
    const answer = await send('POST', '/v1/proposals/moka-p99/approve', {}, why);
    expect([answer.status, answer.body['code']]).toEqual([404, 'PROPOSAL_UNKNOWN']);
    expect(pathsOf(answer)).toEqual(['proposalId']);
    expect(pathsOf(await send('POST', '/v1/proposals/x/approve', {}, why))).toEqual(['proposalId']);
  });
});
