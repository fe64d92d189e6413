import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, registerApplication } from './commands.ts';
import type { Answer, CommandBody } from './commands.ts';
import { startMemoryService } from './memoryService.ts';
import type { MemoryService } from './memoryService.ts';

const SECRET = 'a-key-of-the-test';
let validator: ChildProcess;
let port: string;
let projector: Server;
let secretsDirectory: string;
let running: MemoryService;
let token: string;
/** What the stand-in for the projector shows; the projector's own test holds its form. */
const shown = new Map<string, object>();

beforeAll(async () => {
  validator = spawn(process.execPath, [path.join(import.meta.dirname, 'validatorServer.ts')], {
    env: { ...process.env, VALIDATOR_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  port = await new Promise((resolve) => {
    validator.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
  });
  projector = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? '';
    const body = shown.get(id);
    response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => projector.listen(0, '127.0.0.1', resolve));
  secretsDirectory = await mkdtemp(path.join(os.tmpdir(), 'prorata-secrets-'));
  await mkdir(path.join(secretsDirectory, 'signed'));
  await writeFile(path.join(secretsDirectory, 'signed', 'validator-key'), `hmac ${SECRET}\n`);
  const projectorPort = (projector.address() as AddressInfo).port;
  running = await startMemoryService({
    projectorUrl: `http://127.0.0.1:${projectorPort}`,
    validatorHosts: [`127.0.0.1:${port}`, 'validator.example.test', '127.0.0.1:1'],
    secretsDirectory,
    outcomeTimeoutMs: 10_000,
  });
  token = running.secrets.token();
});
afterAll(async () => {
  await running.close();
  projector.close();
  validator.kill('SIGKILL');
  await rm(secretsDirectory, { recursive: true });
});

const defaults = { deadlineMillis: 2_000, retries: 0, onUnavailable: 'refuse' };

/** An application whose cores' total is what the validator tells, or one that is only asked. */
async function register(id: string, more: object, isSource = false): Promise<void> {
  const named = { name: 'capacity', url: `http://127.0.0.1:${port}/total`, ...defaults, ...more };
  const body = registerApplication(id);
  const totalSource = isSource ? { validator: 'capacity', maxAgeMicros: 60_000_000 } : null;
  const cores = { name: 'cores', kind: 'capacity', unit: 'milli-vcore', totalSource };
  const data = { ...body.data, resources: [cores], validators: [named] };
  expect((await send({ ...body, data })).status).toBe(200);
  shown.set(id, { version: 1, validators: [{ ...named, resources: [], commands: [] }] });
}

function send(body: CommandBody, as = token): Promise<Answer> {
  return post(running.url, as, body);
}

function create(quotaId: string, guaranteed = 60): CommandBody {
  const content = {
    owner: 'group:test',
    tier: 2,
    cutPriority: 0,
    labels: {},
    attributes: {},
    limits: [{ resource: 'cores', capacity: { guaranteed, max: guaranteed } }],
    match: [],
    action: 'refuse',
    rightsizing: [],
  };
  const stream = `application:${quotaId.split('/')[0] ?? ''}`;
  return { type: 'CreateQuota', stream, reason: 'for the test', data: { quotaId, content } };
}

const metrics = async (): Promise<string> => (await fetch(`${running.url}/metrics`)).text();

describe('a remote validator in a process of its own', () => {
  it('gives the total that sums are compared with, in a dry run too', async () => {
    await register('total', {}, true);
    expect((await send(create('total/a'))).status).toBe(200);
    const dry = await send({ ...create('total/b', 41), dryRun: true });
    expect(dry.body['code']).toBe('TOTAL_EXCEEDED');
    expect((await send(create('total/b', 40))).status).toBe(200);
  });

  it('denies, in its own words, and the same command again is answered without asking anew', async () => {
    await register('deny', { url: `http://127.0.0.1:${port}/deny` });
    const answer = await send(create('deny/a'));
    expect(answer).toMatchObject({ status: 409, body: { code: 'VALIDATOR_DENIED' } });
    expect(String(answer.body['detail'])).toContain('Not today: CreateQuota.');
  });

  it('finds the question signed by the secret of its own application alone', async () => {
    await register('signed', {
      url: `http://127.0.0.1:${port}/signed`,
      secretRef: 'validator-key',
    });
    expect((await send(create('signed/a'))).status).toBe(200);
    await register('unsigned', { url: `http://127.0.0.1:${port}/signed` });
    expect((await send(create('unsigned/a'))).body['code']).toBe('VALIDATOR_DENIED');
    await register('nosecret', { secretRef: 'validator-key' });
    expect((await send(create('nosecret/a'))).body['code']).toBe('VALIDATOR_UNAVAILABLE');
  });

  it('that is slow holds its own callers until the deadline and nobody else', async () => {
    await register('slow', { url: `http://127.0.0.1:${port}/slow`, deadlineMillis: 1_500 });
    await register('quick', {}, true);
    const beganMs = performance.now();
    const slow = Promise.all(Array.from({ length: 40 }, (_, at) => send(create(`slow/q${at}`, 1))));
    const quickMs: number[] = [];
    for (let at = 0; at < 20; at++) {
      const startMs = performance.now();
      expect((await send(create(`quick/q${at}`, 1))).status).toBe(200);
      quickMs.push(performance.now() - startMs);
    }
    expect(performance.now() - beganMs).toBeLessThan(1_500);
    expect(Math.max(...quickMs)).toBeLessThan(500);
    const answers = await slow;
    expect(new Set(answers.map(({ body }) => body['code']))).toEqual(
      new Set(['VALIDATOR_UNAVAILABLE']),
    );
    expect(performance.now() - beganMs).toBeLessThan(4_000);
  });

  it('is kept busy by one principal without being lost to others, and nobody floods past it', async () => {
    const terms = { deadlineMillis: 1_000, onUnavailable: 'flag' };
    await register('busy', { url: `http://127.0.0.1:${port}/unhurried`, ...terms });
    const other = running.secrets.token({ sub: 'other' });
    const robot = running.secrets.token({ sub: 'robot', kind: 'robot', roles: ['robot', 'admin'] });
    const flood = [token, robot].map((as, who) =>
      Promise.all(Array.from({ length: 100 }, (_, at) => send(create(`busy/${who}-${at}`, 1), as))),
    );
    const beganMs = performance.now();
    expect((await send(create('busy/other', 1), other)).status).toBe(200);
    // Behind all of the flood it would be refused after 5 s.
    expect(performance.now() - beganMs).toBeLessThan(4_000);
    const [people = [], robots = []] = await Promise.all(flood);
    const codes = (answers: readonly Answer[]) => new Set(answers.map(({ body }) => body['code']));
    expect(codes(people)).toEqual(new Set(['ACCEPTED', 'TOO_MANY_IN_FLIGHT']));
    // A robot creates nothing; what it sent in its turn was asked about and decided.
    expect(codes(robots)).toEqual(new Set(['NOT_ALLOWED', 'ROBOT_PACED']));
    const refused = people.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(await metrics()).not.toMatch(/validator_answers_total.*"busy".*"unavailable"/);
  });

  it('sees what an approval would change, and is asked about a request for more', async () => {
    await register('asked', { url: `http://127.0.0.1:${port}/proposed` });
    expect((await send(create('asked/a', 5))).status).toBe(200);
    const cores = { resource: 'cores', capacity: { guaranteed: 9, max: 9 } };
    const stream = 'application:asked';
    const member = running.secrets.token({ sub: 'member', roles: ['operator'] });
    const request = {
      type: 'RequestIncrease',
      stream,
      reason: 'for the test',
      data: { quotaId: 'asked/a', limits: [cores], unsetLimits: [] },
    };
    const requested = await send(request, member);
    expect(requested.status).toBe(200);
    const proposalId = String(requested.body['result']);
    const approve = {
      type: 'ApproveProposal',
      stream,
      reason: 'for the test',
      data: { proposalId },
    };
    // The projector has not heard of it yet: nobody can be asked, so nothing is decided.
    expect((await send(approve)).body['code']).toBe('VALIDATION_OUTDATED');
    shown.set(proposalId, {
      proposalId,
      application: 'asked',
      quotaId: 'asked/a',
      limits: [cores],
    });
    shown.set('asked', { ...shown.get('asked'), version: 1 });
    const answer = await send(approve);
    expect(answer.body['code']).toBe('VALIDATOR_DENIED');
    const said = String(answer.body['detail']);
    expect(said).toContain(proposalId);
    expect(said).toContain('"limits":[{"resource":"cores","capacity":{"guaranteed":9,"max":9}}]');
    expect(await metrics()).toMatch(/validator_answers_total\{application="asked",.*"denied"\} 1/);
  });

  it('that fails is asked again, then not at all for a while, and the metrics say so', async () => {
    await register('failing', { url: `http://127.0.0.1:${port}/broken`, retries: 2 });
    const asked = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/asked`, { method: 'POST' });
      return ((await answer.json()) as { asked: number }).asked;
    };
    expect((await send(create('failing/a'))).body['code']).toBe('VALIDATOR_UNAVAILABLE');
    expect(await asked()).toBe(3);
    for (let at = 0; at < 3; at++) await send(create(`failing/b${at}`));
    const until = await asked();
    expect(until).toBe(5);
    const answer = await send(create('failing/c'));
    expect(String(answer.body['detail'])).toContain('not asked for now');
    expect(await asked()).toBe(until);
    expect(await metrics()).toMatch(
      /prorata_gateway_validator_open\{application="failing",validator="capacity"\} 1/,
    );
    expect(await metrics()).toMatch(
      /validator_answers_total\{application="failing",validator="capacity",status="unavailable"\} 5/,
    );
  });

  it('that is down is flagged where the registration says so', async () => {
    await register('flagged', { url: 'http://127.0.0.1:1/', onUnavailable: 'flag' });
    expect((await send(create('flagged/a'))).status).toBe(200);
  });

  it.each([
    ['elsewhere', 'It answered 302'],
    ['endless', 'more than 65536 bytes'],
  ])('whose answer leads %s is not followed', async (where, reason) => {
    await register(where, { url: `http://127.0.0.1:${port}/${where}` });
    const { body } = await send(create(`${where}/a`));
    expect(body['code']).toBe('VALIDATOR_UNAVAILABLE');
    expect(String(body['detail'])).toContain(reason);
  });

  it.each([
    ['unlisted', 'https://unlisted.example.test/'],
    ['metadata', 'http://169.254.169.254/latest/meta-data'],
    ['plain', 'http://validator.example.test/'],
  ])('is not registered, nor asked, at an address that is %s', async (id, url) => {
    const named = { name: 'capacity', url, ...defaults };
    const bare = registerApplication(id);
    const refused = await send({ ...bare, data: { ...bare.data, validators: [named] } });
    const why = /not on the operator's list|must be asked by https/;
    expect([refused.status, refused.body]).toMatchObject([
      422,
      {
        code: 'VALIDATOR_HOST_NOT_ALLOWED',
        detail: expect.stringMatching(why) as string,
        remedy: expect.stringContaining('PRORATA_VALIDATOR_HOSTS') as string,
        violations: [{ path: '/data/validators/0/url' }],
      },
    ]);
    // One that was on the list when it was registered.
    expect((await send(bare)).status).toBe(200);
    shown.set(id, { version: 1, validators: [{ ...named, resources: [], commands: [] }] });
    const { body } = await send(create(`${id}/a`));
    expect(body['code']).toBe('VALIDATOR_HOST_NOT_ALLOWED');
    expect(String(body['remedy'])).not.toContain('again');
  });

  it('that the gateway had not heard of is refused, and asked the next time', async () => {
    await register('news', {}, true);
    shown.delete('news');
    expect((await send(create('news/a'))).body['code']).toBe('VALIDATION_OUTDATED');
    shown.set('news', {
      version: 1,
      validators: [
        {
          name: 'capacity',
          url: `http://127.0.0.1:${port}/total`,
          ...defaults,
          resources: [],
          commands: [],
        },
      ],
    });
    expect((await send(create('news/a'))).status).toBe(200);
  });
});
