import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkoutDirectory, startLocalStack } from '@prorata/infra';
import type { LocalStack } from '@prorata/infra';
import type { TargetReport } from '@prorata/schemas';
import { connectLog, createCodec, postCommand, readLogSettings } from '@prorata/service-runtime';
import { ALLOW, httpRules, httpUsage, startHost } from '../../host-sdk/src/index.ts';
import type { Host } from '../../host-sdk/src/index.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const example = path.join(checkoutDirectory, 'docs', 'how-to', 'examples', 'quotas.yaml');
/** Until what another wrote can be read, milliseconds. */
const READABLE_MS = 1_000;

/** Until a target holds what was decided, on a machine that does much else, milliseconds. */
const TARGET_MS_MAX = 30_000;

/** Until a feed that was just asked for listens, on a machine that does much else, milliseconds. */
const WATCHING_MS = 5_000;

let directory = '';
let stack: LocalStack;
const tokens = { ana: '', bob: '' };

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-files-'));
  stack = await startLocalStack({
    directory: path.join(directory, 'stack'),
    services: 'all',
    durable: false,
  });
  for (const subject of ['ana', 'bob'] as const) {
    tokens[subject] = await stack.mintToken({ subject, kind: 'user', roles: ['admin'] });
  }
});

afterAll(async () => {
  await stack.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly complaints: string;
}

interface Called {
  readonly as?: keyof typeof tokens;
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Is told the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void;
}

/** The command line as a pipeline runs it: no terminal, the gateway and the token in the environment. */
async function prorata(parameters: readonly string[], called: Called = {}): Promise<Ran> {
  const { as = 'ana', url = stack.addresses.gateway, environment = {}, started } = called;
  const main = path.join(checkoutDirectory, 'packages', 'cli', 'src', 'main.ts');
  const child = spawn(process.execPath, [main, ...parameters], {
    env: {
      ...process.env,
      ...environment,
      // A pipeline sets this, and libraries that colour take it for a terminal.
      CI: 'true',
      NODE_NO_WARNINGS: '1',
      PRORATA_URL: url,
      PRORATA_TOKEN: tokens[as],
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started?.(child);
  const [out, complaints] = [textOf(child.stdout), textOf(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  const ran = { code, out: await out, complaints: await complaints };
  // Whatever happens, a token stands in no answer and in no complaint.
  expect(`${ran.out}${ran.complaints}`).not.toContain(tokens[as]);
  return ran;
}

async function textOf(stream: AsyncIterable<Buffer> | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

interface PlanJson {
  readonly summary: { readonly create: number; readonly change: number; readonly delete: number };
  readonly actions: readonly { readonly kind: string; readonly id: string }[];
  readonly inForce: readonly object[];
  readonly failures: readonly {
    readonly code: string;
    readonly place: string;
    readonly id: string;
  }[];
}

async function planned(file: string): Promise<PlanJson> {
  const { out } = await prorata(['plan', '-f', file, '-o', 'json']);
  return JSON.parse(out) as PlanJson;
}

const nothing = { create: 0, change: 0, delete: 0 };

/** The example with some of its text replaced, in a file of its own. */
async function changed(
  name: string,
  ...replacements: readonly (readonly [string, string])[]
): Promise<string> {
  let text = await readFile(example, 'utf8');
  for (const [before, after] of replacements) {
    expect(text).toContain(before);
    text = text.replace(before, after);
  }
  const file = path.join(directory, name);
  await writeFile(file, text);
  return file;
}

/** What bob does by himself meanwhile. */
async function bobSets(max: number, reason: string): Promise<void> {
  const answer = await postCommand({
    gatewayUrl: stack.addresses.gateway,
    token: tokens.bob,
    type: 'ChangeQuota',
    stream: 'application:llm-gateway',
    reason,
    data: {
      quotaId: 'llm-gateway/prod/batch',
      setLimits: [{ resource: 'requests', concurrency: { max } }],
    },
  });
  expect(answer).toMatchObject({ status: 'accepted' });
}

type Forward = () => Promise<void>;

/** A gateway in front of the gateway: `before` runs as the first command of a type that is no dry run arrives. */
function withGateway<T>(
  type: string,
  before: (forward: Forward) => Promise<void>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  let isFirst = true;
  const handle = async (body: string, forward: Forward): Promise<void> => {
    const isIt = body.includes(`"type":"${type}"`) && !body.includes('"dryRun":true');
    if (!isIt || !isFirst) return forward();
    isFirst = false;
    await before(forward);
  };
  return withProxy(handle, work);
}

/** As `withGateway`: `before` runs as a dry run arrives. */
function withDryRuns<T>(
  before: () => Promise<void>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const handle = async (body: string, forward: Forward): Promise<void> => {
    if (body.includes('"dryRun":true')) await before();
    await forward();
  };
  return withProxy(handle, work);
}

async function withProxy<T>(
  handle: (body: string, forward: Forward) => Promise<void>,
  work: (url: string) => Promise<T>,
  isPassed: (request: IncomingMessage) => boolean = () => true,
): Promise<T> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await bodyOf(request);
      if (!isPassed(request)) {
        response.writeHead(502, { 'content-type': 'application/problem+json' });
        response.end(JSON.stringify({ code: 'UPSTREAM_UNREACHABLE' }));
        return;
      }
      await handle(body, () => forwardTo(stack.addresses.gateway, request, response, body));
    };
    answer().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function forwardTo(
  gateway: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  const kept = ['authorization', 'content-type', 'idempotency-key'];
  const headers = kept.flatMap((name): [string, string][] => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const answer = await fetch(`${gateway}${request.url ?? ''}`, {
    method: request.method ?? 'GET',
    headers,
    ...(body === '' ? {} : { body }),
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(await answer.text());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('files of quotas', () => {
  it('are planned, and nothing is done', async () => {
    const ran = await prorata(['plan', '-f', example, '--detailed-exitcode']);
    expect(ran.code).toBe(2);
    expect(ran.out).toContain('+ quota llm-gateway/prod/chat');
    expect(ran.out).toContain('Plan: 12 to create, 0 to change, 0 to delete.');
    const { inForce, failures } = await planned(example);
    expect(failures).toEqual([]);
    expect(inForce).toContainEqual({
      quotaId: 'llm-gateway/prod/chat',
      resource: 'tokens',
      before: null,
      after: { resource: 'tokens', rate: { amount: 30_000, per: '1s' } },
    });
  });

  it('are told everything that would fail at once, by line, and nothing is done', async () => {
    const file = await changed(
      'fails.yaml',
      ['max: 100', 'max: 500'],
      ['amount: 30000', 'amount: 130000'],
    );
    const ran = await prorata(['apply', '-f', file, '--yes']);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('4 checks fail:');
    expect(ran.out).toMatch(/fails\.yaml:\d+:\d+ llm-gateway\/prod\/chat PARENT_LIMIT_EXCEEDED/);
    expect(ran.out).toContain('Nothing was changed.');
    expect((await planned(example)).summary.create).toBe(12);
  });

  it('are told what is wrong in them where there is no gateway, too', async () => {
    const file = await changed('wrong.yaml', ['tier: 2', 'teir: 2'], ['max: 100', 'max: many']);
    const ran = await prorata(['plan', '-f', file], { url: 'http://127.0.0.1:1' });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.complaints).toMatch(/wrong\.yaml:49:13: "teir" is not known here/);
    expect(ran.complaints).toMatch(/wrong\.yaml:57:59: must be a whole number, or "unlimited"/);
    const right = await prorata(['plan', '-f', example], { url: 'http://127.0.0.1:1' });
    expect(right.complaints).toContain('does not answer');
  });

  it('ask nobody where there is no terminal', async () => {
    const ran = await prorata(['apply', '-f', example]);
    expect(ran.code).toBe(2);
    expect(ran.complaints).toContain('--yes');
  });

  it('are finished by another run when one was killed in the middle', async () => {
    const kill = async (forward: Forward, child: ChildProcess | undefined): Promise<void> => {
      child?.kill('SIGKILL');
      // What it sent is decided all the same, and it never hears of it.
      await forward();
    };
    let child: ChildProcess | undefined;
    const started = (process: ChildProcess): void => void (child = process);
    const killed = await withGateway(
      'SetEntitlement',
      (forward) => kill(forward, child),
      (url) => prorata(['apply', '-f', example, '--yes'], { url, started }),
    );
    expect(killed.code).toBeNull();
    expect(killed.complaints).toContain('RegisterApplication llm-gateway: done');
    const again = await prorata(['apply', '-f', example, '--yes', '--reason', 'the assistant']);
    expect(again.code).toBe(0);
    expect(again.out).toContain('Applied: what is declared is what there is.');
    expect(again.complaints).not.toContain('DefineTeam');
    expect(again.complaints).not.toContain('DefinePriceBook');
    expect(again.complaints).toContain('ChangeTree 3 changes: done');
  });

  it('say what may have been done when they are given up in the middle', async () => {
    const file = await changed('given-up.yaml', ['max: 100', 'max: 90']);
    let child: ChildProcess | undefined;
    const giveUp = async (forward: Forward): Promise<void> => {
      child?.kill('SIGINT');
      await forward();
    };
    const started = (process: ChildProcess): void => void (child = process);
    const ran = await withGateway('ChangeTree', giveUp, (url) =>
      prorata(['apply', '-f', file, '--yes'], { url, started }),
    );
    expect(ran.code).toBe(130);
    expect(ran.complaints).toContain('To type: the same again.');
    await delay(READABLE_MS);
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  it('have nothing to do the second time', async () => {
    const ran = await prorata(['apply', '-f', example, '--yes']);
    expect(ran).toMatchObject({
      code: 0,
      out: 'Nothing to change: what is declared is what there is.\n',
    });
    expect((await prorata(['plan', '-f', example, '--detailed-exitcode'])).code).toBe(0);
  });

  it('bring back what somebody else has changed, once it has been shown', async () => {
    await bobSets(50, 'bob knows better');
    await delay(READABLE_MS);
    expect(await planned(example)).toMatchObject({
      summary: { create: 0, change: 1, delete: 0 },
      inForce: [{ quotaId: 'llm-gateway/prod/batch', resource: 'requests' }],
    });
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
    expect((await planned(example)).summary).toEqual(nothing);
  });

  it('overwrite nobody who was faster, and say who it was', async () => {
    const file = await changed('faster.yaml', ['max: 100', 'max: 120']);
    const meanwhile = async (forward: Forward): Promise<void> => {
      await bobSets(60, 'an incident at night');
      await forward();
    };
    const ran = await withGateway('ChangeTree', meanwhile, (url) =>
      prorata(['apply', '-f', file, '--yes'], { url }),
    );
    expect(ran.code).toBe(4);
    expect(ran.out).toContain('VERSION_MISMATCH');
    expect(ran.out).toMatch(/QuotaChanged by user:bob at .*: an incident at night/);
    expect(ran.out).toContain('./prorata plan');
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  it('are planned anew where somebody changes something between the reading and the checks', async () => {
    const file = await changed('between.yaml', ['max: 100', 'max: 110']);
    let isFirst = true;
    const meanwhile = async (): Promise<void> => {
      if (isFirst) await bobSets(70, 'in between');
      isFirst = false;
    };
    const ran = await withDryRuns(meanwhile, (url) => prorata(['plan', '-f', file], { url }));
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('70 at once → 110 at once');
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  it('overwrite no registration that somebody else has changed meanwhile', async () => {
    const named = (name: string): readonly [string, string] => [
      'displayName: LLM gateway',
      `displayName: ${name}`,
    ];
    const [mine, other] = [
      await changed('mine.yaml', named('Mine')),
      await changed('other.yaml', named('Other')),
    ];
    const meanwhile = async (): Promise<void> => {
      expect(
        (await prorata(['apply', '-f', other, '--yes', '--reason', 'a name'], { as: 'bob' })).code,
      ).toBe(0);
    };
    let isFirst = true;
    const dryRun = async (): Promise<void> => {
      const isIt = isFirst;
      isFirst = false;
      // Between the plan's reading and its sending, which looks once more.
      if (isIt) await meanwhile();
    };
    const ran = await withDryRuns(dryRun, (url) =>
      prorata(['apply', '-f', mine, '--yes'], { url }),
    );
    expect(ran.code).toBe(4);
    expect(ran.out).toMatch(/changed application by user:bob at .*: a name/);
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  it('go on where a command was decided and its answer was lost', async () => {
    const file = await changed(
      'lost.yaml',
      ['max: 100', 'max: 130'],
      ["amount: '20000'", "amount: '21000'"],
    );
    // The same change by the same file comes in between: what is expected is there already.
    const meanwhile = async (forward: Forward): Promise<void> => {
      expect((await prorata(['apply', '-f', file, '--yes'])).code).toBe(0);
      await forward();
    };
    const ran = await withGateway('DefineBudget', meanwhile, (url) =>
      prorata(['apply', '-f', file, '--yes'], { url }),
    );
    expect(ran.code).toBe(0);
    expect((await planned(file)).summary).toEqual(nothing);
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  it('delete what they manage and do not declare, and nothing else', async () => {
    const renamed = await changed('renamed.yaml', ['          chat:', '          speech:']);
    const { actions } = await planned(renamed);
    expect(actions.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'delete llm-gateway/prod/chat',
      'create llm-gateway/prod/speech',
    ]);
    const kept = await changed(
      'kept.yaml',
      ['          chat:', '          speech:'],
      ['    managed: [prod]\n', ''],
    );
    expect((await planned(kept)).summary).toEqual({ create: 1, change: 0, delete: 0 });
  });

  it('wait for a second person where the application asks for one, and say for what', async () => {
    const careful: readonly [string, string] = [
      '      proposalLifetimeMicros',
      '      changePolicy: { raiseApprovalAboveBasisPoints: 1000 }\n      proposalLifetimeMicros',
    ];
    const policy = await changed('policy.yaml', careful);
    expect((await prorata(['apply', '-f', policy, '--yes'])).code).toBe(0);
    const raised = await changed('raised.yaml', careful, ['max: 100', 'max: 200']);
    const plan = await prorata(['plan', '-f', raised]);
    expect(plan.out).toContain('will wait for the approval of a second person');
    const ran = await prorata(['apply', '-f', raised, '--yes']);
    expect(ran.code).toBe(3);
    const [, proposal = ''] = /Proposal (llm-gateway-p\d+) waits/.exec(ran.out) ?? [];
    // Nobody is asked, for nothing is sent: the same waits already.
    const again = await prorata(['apply', '-f', raised]);
    expect(again.code).toBe(3);
    expect(again.out).toContain(`Proposal ${proposal} waits for a second person already`);
    // What else is declared meanwhile would be a second proposal about the same quotas.
    const drifted = await changed(
      'drifted.yaml',
      careful,
      ['max: 100', 'max: 200'],
      ['tier: 2', 'tier: 3'],
    );
    const held = await prorata(['apply', '-f', drifted]);
    expect(held.code).toBe(3);
    expect(held.out).toContain('is not what is declared now');
    expect(held.out).toContain(`./prorata withdraw ${proposal}`);
    const listed = await prorata(['get', 'proposals', 'llm-gateway', '-o', 'json']);
    expect(JSON.parse(listed.out)).toMatchObject([{ proposalId: proposal, status: 'open' }]);
    expect((await prorata(['approve', proposal, '--reason', 'mine'])).code).toBe(1);
    const approved = await prorata(['approve', proposal, '--reason', 'agreed'], { as: 'bob' });
    expect(approved).toMatchObject({ code: 0, out: `${proposal} is approved.\n` });
    await delay(READABLE_MS);
    expect((await planned(raised)).summary).toEqual(nothing);
  });
});

describe('the other commands', () => {
  const quota = 'llm-gateway/prod/chat';

  it('override until a known end, and lift it', async () => {
    const over = [
      'override',
      quota,
      '--limit',
      'tokens=35000/s',
      '--for',
      '1h',
      '--reason',
      'launch',
    ];
    expect((await prorata(over)).code).toBe(0);
    await delay(READABLE_MS);
    expect((await prorata(['tree', 'llm-gateway'])).out).toMatch(
      /chat .*tokens 35,000\/s \[override\]/,
    );
    expect((await prorata(['explain', quota])).out).toMatch(/tokens: limited to 35,000 .*launch/);
    expect((await prorata(['override', quota, '--lift', '--reason', 'over'])).code).toBe(0);
    await delay(READABLE_MS);
    const { out } = await prorata(['history', quota]);
    expect(out).toMatch(/QuotaOverridden +user:ana +launch/);
    const tooMuch = [
      'override',
      quota,
      '--limit',
      'tokens=90000/s',
      '--for',
      '1h',
      '--reason',
      'more',
    ];
    expect(await prorata(tooMuch)).toMatchObject({ code: 1 });
  });

  it('keep a budget from cutting until a moment, and let it cut again', async () => {
    const override = ['override-budget', 'acme/assistant-monthly', '--reason', 'the launch'];
    const until = async () => {
      await delay(READABLE_MS);
      const { out } = await prorata(['get', 'budgets', 'acme', '--output', 'json']);
      return /"until": *"([^"]+)"/.exec(out)?.[1] ?? null;
    };
    expect((await prorata([...override, '--for', '2h'])).out).toContain('cuts nothing until');
    expect(Date.parse((await until()) ?? '')).toBeGreaterThan(Date.now());
    expect((await prorata([...override, '--for', '32d'])).complaints).toContain('31 days');
    expect((await prorata([...override, '--lift'])).out).toContain('may cut again');
    expect(await until()).toBeNull();
  });

  it('grant credits, once however often, and take them back', async () => {
    const grant = [
      ...['credit', 'grant', 'acme/outage', '--project', 'acme/assistant', '--amount', '250'],
      ...['--currency', 'EUR', '--price-book', 'list', '--at', 'yesterday'],
      ...['--reason', 'the outage'],
    ];
    expect((await prorata(grant)).out).toContain('acme/assistant is granted 250 EUR');
    expect((await prorata(grant)).out).toContain('It was so already.');
    await delay(READABLE_MS);
    const { out } = await prorata(['get', 'credits', 'acme']);
    expect(out).toMatch(/^outage +granted +acme\/assistant +250 EUR +list .*the outage$/m);
    const withdraw = ['credit', 'withdraw', 'acme/outage', '--reason', 'granted twice'];
    expect((await prorata(withdraw)).code).toBe(0);
    expect((await prorata(withdraw)).complaints).toContain('There is no credit outage.');
  });

  it('find in the audit log what was decided and refused, by words and filters', async () => {
    const found = await prorata(['audit', 'search', 'laun*', '--within', quota]);
    expect(found.out).toMatch(/chat +QuotaOverridden +user:ana +launch/);
    await delay(READABLE_MS);
    const refused = await prorata(['audit', 'search', '--refused', '--quota', quota, '-o', 'json']);
    const [last] = JSON.parse(refused.out) as { type: string; kind: string; reason: string }[];
    expect(last).toMatchObject({ type: 'OverrideQuota', kind: 'refusal', reason: 'more' });
    const here = await prorata(['audit', 'search', '--from', 'someday']);
    expect(here).toMatchObject({ code: 2, complaints: expect.stringContaining('2h') as string });
    const there = await prorata(['audit', 'search', '--within', '/']);
    expect(there).toMatchObject({
      code: 2,
      complaints: expect.stringMatching(/--within must be/) as string,
    });
  });

  it('tell what differed between two moments', async () => {
    const { out } = await prorata(['history', quota, '-o', 'json']);
    const entries = JSON.parse(out) as { type: string; streamVersion: number }[];
    const overridden = entries.find(({ type }) => type === 'QuotaOverridden')?.streamVersion ?? 0;
    const moments = ['--from', `${overridden - 1}`, '--to', `${overridden}`];
    const ran = await prorata(['diff', quota, ...moments]);
    expect(ran.out).toContain('in force tokens  30,000/s → 35,000/s');
  });

  it('override with gateway and writer alone: in a fire the read side may be away', async () => {
    const isWrite = ({ method, url }: IncomingMessage): boolean =>
      method === 'POST' || url === '/healthz';
    const over = (limit: string, url: string) =>
      prorata(['override', quota, '--limit', limit, '--for', '1h', '--reason', 'fire'], { url });
    await withProxy(
      (_, forward) => forward(),
      async (url) => {
        expect((await over('requests=3', url)).code).toBe(0);
        expect((await over('tokens=900', url)).code).toBe(0);
        expect((await over('speed=3', url)).complaints).toContain('RESOURCE_UNKNOWN');
        expect((await prorata(['tree', 'llm-gateway'], { url })).code).toBe(1);
      },
      isWrite,
    );
    expect((await prorata(['override', quota, '--lift', '--reason', 'out'])).code).toBe(0);
  });

  it('tell of changes as they happen, and go on where they were', async () => {
    const first = prorata(['watch', quota, '--count', '1', '-o', 'json']);
    await delay(WATCHING_MS);
    const block = ['override', quota, '--block', '--for', '1h', '--reason', 'runaway'];
    expect((await prorata(block)).code).toBe(0);
    const blocked = JSON.parse((await first).out) as { id: string; type: string; reason: string };
    expect(blocked).toMatchObject({ type: 'QuotaOverridden', quotaId: quota, reason: 'runaway' });
    expect((await prorata(['override', quota, '--lift', '--reason', 'found'])).code).toBe(0);
    // What happened while nobody listened is told to whoever comes back.
    const next = await prorata(['watch', quota, '--count', '1', '--after', blocked.id]);
    expect(next.out).toMatch(/llm-gateway\/prod\/chat QuotaOverrideEnded by user:ana at .*: found/);
  });

  it.each<readonly string[]>([
    ['get', 'quotas', 'llm-gateway'],
    ['get', 'quotas', '--state', 'cut', '--search', 'chat'],
    ['get', 'unused', 'llm-gateway'],
    ['get', 'proposals'],
    ['get', 'entitlements', 'llm-gateway'],
    ['get', 'organizations'],
    ['get', 'teams', 'acme'],
    ['get', 'projects', 'acme'],
    ['get', 'allocations', 'acme'],
    ['get', 'cuts', 'acme'],
    ['get', 'periods', 'acme'],
    ['get', 'application', 'llm-gateway'],
    ['get', 'quota', quota],
    ['budget'],
    ['budget', 'acme/assistant-monthly'],
    ['tree', 'llm-gateway'],
  ])('%s %s answers scripts in a line', async (...words) => {
    const { code, out } = await prorata([...words, '-o', 'json']);
    expect(code).toBe(0);
    expect(() => JSON.parse(out) as unknown).not.toThrow();
    expect(out.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    ['quotas', 'llm-gateway', /^QUOTA .*\nllm-gateway\/prod .*40,000\/s, burst 80,000/],
    ['holdings', '--owner=group:batch', /llm-gateway +tokens +\d+ +[\d,]+ +0$/m],
    ['commitments', 'llm-gateway', /^llm-gateway\/prod +tokens +2 +[\d,]+ +0 +40,000 +\d+ %/m],
    ['budgets', 'acme', /acme\/assistant-monthly +acme\/assistant +10000 EUR/],
    ['quota', quota, /^quotaId: llm-gateway\/prod\/chat$/m],
  ])(
    'get %s answers people, without colours where there is no terminal',
    async (what, id, shown) => {
      const { code, out } = await prorata(['get', what, id]);
      expect(code).toBe(0);
      expect(out).toMatch(shown);
      expect(out).not.toContain('\u001b');
    },
  );

  it('say what to type next, and that no host has reported', async () => {
    const unknown = await prorata(['get', 'quota', 'llm-gateway/none']);
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.complaints).toContain('To type: ./prorata tree');
    const lift = ['override', quota, '--lift', '--reason', 'over'];
    const away = await prorata(lift, { url: 'http://127.0.0.1:1' });
    expect(away).toMatchObject({ code: 1, out: '' });
    expect(away.complaints).toContain('does not answer');
    const hosts = await prorata(['hosts', 'llm-gateway']);
    expect(hosts).toMatchObject({ code: 0, out: 'No such host has reported within a day.\n' });
    const mistyped = await prorata(['hosts', 'llm-gate']);
    expect(mistyped).toMatchObject({ code: 1, out: '' });
    expect(mistyped.complaints).toContain('To type: ./prorata get applications');
  });
});

describe('the targets of an application', () => {
  const queues = path.join(checkoutDirectory, 'docs', 'how-to', 'examples', 'queues.yaml');
  const held = (name: string): Promise<string> =>
    readFile(path.join(directory, 'stack', 'targets', 'moka', name), 'utf8').catch(() => '');
  const words = ['--application', 'moka'] as const;

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    const endMs = Date.now() + TARGET_MS_MAX;
    while (!(await isSo())) {
      if (Date.now() > endMs) throw new Error('It has not come to be so.');
      await delay(100);
    }
  }

  it('get what a file declares, and what a command changes, each in its own text', async () => {
    const rendered = await prorata(['render', 'yunikorn', ...words, '-f', queues]);
    expect(rendered).toMatchObject({ code: 0, complaints: '' });
    expect((await prorata(['apply', '-f', queues, '--yes'])).code).toBe(0);
    await until(async () => (await held('yunikorn/queues.yaml')) === rendered.out);
    await until(async () => (await held('limits.json')).includes('"quotaId":"moka/prod/ads"'));
    const of = { PRORATA_STACK_DIRECTORY: path.join(directory, 'stack') };
    const now = await prorata(['render', 'yunikorn', ...words], { environment: of });
    expect(now).toMatchObject({ code: 0, out: rendered.out });
    const override = ['override', 'moka/prod/ads', '--limit', 'cores=48000', '--for', '1h'];
    expect((await prorata([...override, '--reason', 'an incident'])).code).toBe(0);
    await until(async () => (await held('yunikorn/queues.yaml')).includes('vcore: 48000m'));
  });

  it('are databases and clusters too, whose text the how-tos show', async () => {
    const howTo = path.join(checkoutDirectory, 'docs', 'how-to');
    const of = (kind: string, application: string, file: string) =>
      prorata([
        'render',
        kind,
        '--application',
        application,
        '-f',
        path.join(howTo, 'examples', file),
      ]);
    const groups = await of('tidb', 'orders', 'resource-groups.yaml');
    expect(groups).toMatchObject({ code: 0, complaints: '' });
    const page = await readFile(path.join(howTo, 'limit-a-tidb.md'), 'utf8');
    const [statement = ''] = /ALTER RESOURCE GROUP .*;/.exec(page) ?? [];
    expect(groups.out.split('\n')).toContain(statement);
    const quotas = await of('kubernetes', 'training', 'resource-quotas.yaml');
    expect(quotas).toMatchObject({ code: 0, complaints: '' });
    expect(JSON.parse(quotas.out)).toMatchObject({
      items: [{ spec: { hard: { 'requests.nvidia.com/gpu': '8' } } }, { kind: 'ResourceQuota' }],
    });
  });

  it('are named by a dry run, with the hosts, beside what would change in the text', async () => {
    const text = await readFile(queues, 'utf8');
    const file = path.join(directory, 'queues.yaml');
    await writeFile(file, text.replace('max: 16000', 'max: 8000'));
    const environment = { PRORATA_STACK_DIRECTORY: path.join(directory, 'stack') };
    const dry = ['render', 'yunikorn', ...words, '-f', file, '--diff'];
    const { code, out, complaints } = await prorata(dry, { environment });
    expect({ code, complaints }).toMatchObject({ code: 0 });
    expect(out).toMatch(/^- +vcore: 16000m$/m);
    expect(out).toMatch(/^\+ +vcore: 8000m$/m);
    expect(complaints).toContain('targets: queues (yunikorn, yunikorn/queues.yaml), limits (file');
    expect(complaints).toContain('hosts: none has reported');
    expect(await held('yunikorn/queues.yaml')).toContain('vcore: 16000m');
  });

  it('are refused with the reasons where they cannot hold what is declared', async () => {
    const text = await readFile(queues, 'utf8');
    const file = path.join(directory, 'refused.yaml');
    await writeFile(file, text.replace('queue: root.moka', 'queues: [{ name: prod }]'));
    const refused = await prorata(['render', 'yunikorn', ...words, '-f', file]);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.complaints).toContain('prod is there twice');
  });

  it('say what they hold on the topic of reports, as soon as it is so', async () => {
    const settings = readLogSettings(stack.environmentOf('auditor'));
    const port = connectLog(settings, 'test');
    const codec = createCodec(settings);
    const reports: TargetReport[] = [];
    for (let partition = 0; partition < 4; partition++) {
      await port.log.readToEnd({ topic: 'host.reports', partition }, 0n, async (records) => {
        for (const { value } of records) {
          const message = await codec.decode(value);
          if (message.type === 'TargetReport') reports.push(message.value);
        }
      });
    }
    await port.close();
    const last = reports.findLast(({ dispatcher }) => dispatcher === 'queues');
    expect(last).toMatchObject({ application: 'moka', kind: 'yunikorn', state: 'applied' });
    expect(last?.appliedOffset).toBe(last?.desiredOffset);
    const text = await held('yunikorn/queues.yaml');
    expect(last?.checksum).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

/** Ten heartbeats a second, so that a gate has its answer within the bake times below. */
const REPORT_MS = 200;
/** Until a stage has baked, its gate has been asked, and the next has come to all hosts, milliseconds. */
const STAGE_MS = 90_000;

describe('a rollout', () => {
  const quota = 'llm-gateway/prod/chat';
  const hosts: Host[] = [];
  const serving: NodeJS.Timeout[] = [];
  /** What share of requests fail on hosts that take the candidate. */
  let candidateErrors = 0;

  async function startHosts(): Promise<void> {
    const claims = { kind: 'service', roles: ['host'], application: 'llm-gateway' } as const;
    const token = await stack.mintToken({ subject: 'chat', ...claims });
    const gateway = { url: stack.addresses.gateway, token };
    for (const hostId of ['canary-1', 'chat-1', 'chat-2']) {
      const ways = { rules: httpRules(gateway), usage: httpUsage(gateway) };
      const terms = { application: 'llm-gateway', hostId, reportIntervalMs: REPORT_MS };
      const host = await startHost({ ...terms, ...ways });
      hosts.push(host);
      const handle = host.bind({ quota });
      serving.push(
        setInterval(() => {
          handle.take('tokens', 1);
          const isCandidate = host.last.candidateOf !== null;
          host.observe({
            latencyMicros: 900,
            error: isCandidate && Math.random() < candidateErrors,
          });
        }, 10),
      );
    }
  }

  beforeAll(async () => {
    expect((await prorata(['apply', '-f', example, '--yes'])).code).toBe(0);
  });

  afterEach(async () => {
    for (const timer of serving.splice(0)) clearInterval(timer);
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
  });

  async function fileOf(amount: number): Promise<string> {
    const file = path.join(directory, 'rollout.json');
    const stages = [
      { hosts: ['canary-1'], bake: '6s' },
      { percent: 100, bake: '1s' },
    ];
    const setLimits = [{ resource: 'tokens', rate: { amount, per: '1s' } }];
    const gate = { errorBasisPointsMax: 1_000, decisionsMin: 20 };
    const changes = [{ quotaId: quota, setLimits }];
    await writeFile(file, JSON.stringify({ application: 'llm-gateway', changes, stages, gate }));
    return file;
  }

  async function started(amount: number): Promise<string> {
    const start = ['rollout', 'start', '-f', await fileOf(amount), '--reason', 'new model'];
    const ran = await prorata(start);
    expect(ran.code, ran.complaints).toBe(0);
    return /^(llm-gateway-r\d+) is on/.exec(ran.out)?.[1] ?? '';
  }

  /** Which hosts enforce the candidate of tokens. */
  const takers = (): readonly string[] =>
    hosts
      .filter((host) =>
        host.explain({ quota }).limits.some(({ candidateOf }) => candidateOf !== null),
      )
      .map(({ hostId }) => hostId);

  const limitOn = (host: Host | undefined) =>
    host
      ?.explain({ quota })
      .limits.find(({ quotaId, limit: { resource } }) => quotaId === quota && resource === 'tokens')
      ?.limit.amount;

  const statusOf = async (id: string): Promise<unknown> => {
    const { out } = await prorata(['rollout', 'show', id, '-o', 'json']);
    return JSON.parse(out);
  };

  it('reaches one host by the list, then all, and is promoted by what they report', async () => {
    await startHosts();
    const dry = ['rollout', 'start', '-f', await fileOf(20_000), '--reason', 'try', '--dry-run'];
    await vi.waitFor(
      async () =>
        expect((await prorata(dry)).out).toMatch(/Of 3 hosts[^]*\n0 +1 +llm-gateway[^]*\n1 +3 /),
      { timeout: STAGE_MS },
    );
    const id = await started(20_000);
    await vi.waitFor(() => expect(takers()).toEqual(['canary-1']), { timeout: STAGE_MS });
    expect(hosts.map(limitOn)).toEqual([20_000n, 30_000n, 30_000n]);
    expect(hosts.map((host) => host.bind({ quota }).peek('tokens', 1))).toEqual([
      ALLOW,
      ALLOW,
      ALLOW,
    ]);
    // Asked in this process: the stage is over before a process more has begun.
    const gateway = { gatewayUrl: stack.addresses.gateway, token: tokens.bob };
    const stream = 'application:llm-gateway';
    const data = {
      quotaId: quota,
      setLimits: [{ resource: 'tokens', rate: { amount: 1, per: '1s' } }],
    };
    const other = await postCommand({
      ...gateway,
      type: 'ChangeQuota',
      stream,
      data,
      reason: 'no',
    });
    expect(other).toMatchObject({ status: 'refused', code: 'QUOTA_IN_ROLLOUT' });
    await vi.waitFor(() => expect(hosts.map(limitOn)).toEqual([20_000n, 20_000n, 20_000n]), {
      timeout: STAGE_MS,
    });
    await vi.waitFor(async () => expect(await statusOf(id)).toMatchObject({ status: 'promoted' }), {
      timeout: STAGE_MS,
    });
    expect(await statusOf(id)).toMatchObject({
      entered: [
        { stage: 0, cause: 'person' },
        { stage: 1, cause: 'gate' },
      ],
      ending: { cause: 'gate', evidence: { stage: { hosts: 3 }, broken: [] } },
      changedBy: { subject: 'relay' },
    });
    await vi.waitFor(() => expect(takers()).toEqual([]), { timeout: STAGE_MS });
    expect(hosts.map(limitOn)).toEqual([20_000n, 20_000n, 20_000n]);
  });

  it('is rolled back where the hosts of its stage fail', async () => {
    candidateErrors = 1;
    await startHosts();
    const id = await started(25_000);
    await vi.waitFor(
      async () => expect(await statusOf(id)).toMatchObject({ status: 'rolled_back' }),
      {
        timeout: STAGE_MS,
      },
    );
    const { out } = await prorata(['rollout', 'list', 'llm-gateway']);
    expect(out).toMatch(new RegExp(`${id} +rolled_back +0 \\(last: 1\\)`));
    await vi.waitFor(() => expect(hosts.map(limitOn)).toEqual([20_000n, 20_000n, 20_000n]), {
      timeout: STAGE_MS,
    });
  });

  it("brings a robot's resize to one host first, where the application says so", async () => {
    candidateErrors = 0;
    const gate = { measure: 'absolute', errorBasisPointsMax: 1_000, hostsMin: 1, decisionsMin: 20 };
    const selector = { percent: 0, zones: [], hosts: ['canary-1'] };
    const staged = {
      robotRollout: { stages: [{ selector, bakeMicros: 3_000_000 }], gate },
      rightsizing: [{ resource: 'tokens', min: 100, max: 40_000, workload: 'serving' }],
    };
    const terms = Object.entries(staged).map(([name, each]) => `${name}: ${JSON.stringify(each)}`);
    const lines = ['robotChanges: apply', ...terms].join('\n      ');
    const file = await changed('staged.yaml', ['robotChanges: propose', lines]);
    const applied = await prorata(['apply', '-f', file, '--yes']);
    expect(applied.code, applied.complaints).toBe(0);
    await vi.waitFor(async () => expect((await planned(file)).summary).toMatchObject(nothing), {
      timeout: STAGE_MS,
    });
    await startHosts();
    await vi.waitFor(() => expect(hosts.map(limitOn)).toEqual([30_000n, 30_000n, 30_000n]), {
      timeout: STAGE_MS,
    });
    const robot = await stack.mintToken({ subject: 'sizer', kind: 'robot', roles: ['robot'] });
    const at = new Date().toISOString();
    const answer = await postCommand({
      gatewayUrl: stack.addresses.gateway,
      token: robot,
      type: 'ResizeQuota',
      stream: 'application:llm-gateway',
      reason: 'Lower tokens: UNDERUSED.',
      data: {
        quotaId: quota,
        limit: { resource: 'tokens', rate: { amount: 28_000, per: '1s' } },
        evidence: {
          policy: 'test@1',
          source: 'usage table version 1',
          windowStart: at,
          windowEnd: at,
          figures: {},
          inputsHash: '00',
        },
      },
    });
    expect(answer).toMatchObject({ status: 'accepted' });
    await vi.waitFor(() => expect(takers()).toEqual(['canary-1']), { timeout: STAGE_MS });
    expect(hosts.map(limitOn)).toEqual([28_000n, 30_000n, 30_000n]);
    await vi.waitFor(() => expect(hosts.map(limitOn)).toEqual([28_000n, 28_000n, 28_000n]), {
      timeout: STAGE_MS,
    });
    await vi.waitFor(
      async () => {
        const { out } = await prorata(['explain', quota, '--resource', 'tokens']);
        expect(out).toMatch(/rightsized/);
        expect(out).toContain('moves it within 100 to 40000 of llm-gateway, as serving');
      },
      { timeout: STAGE_MS },
    );
  });
});
