import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { isAdmitted, kafkaRules, kafkaUsage, startHost } from '@prorata/host-sdk';
import type { Host } from '@prorata/host-sdk';
import { partitionOf } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { topicManifest } from '@prorata/schemas';
import { connectLog, createCodec, postCommand, readLogSettings } from '@prorata/service-runtime';
import { openCollector } from '@prorata/service-runtime/testing';
import type { CollectedSpan, Collector } from '@prorata/service-runtime/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkoutDirectory } from '../src/checkout.ts';
import { startLocalStack } from '../src/localStack.ts';
import type { LocalStack } from '../src/localStack.ts';
import { pythonClient } from '../src/pythonClient.ts';

const run = promisify(execFile);

/** Until what was accepted can be read, with room for a slow machine, milliseconds. */
const PROJECTED_MS = 2_000;
/** Until all spans of a command are with the collector. */
const TRACED = { timeout: 10_000, interval: 100 };

/** From a host's report to the usage table and what is summed up of it, milliseconds. */
const SUMMED_UP_MS = 20_000;

/** From a change, or a relay's start, to a host's report of it in the tables. */
const REPORTED = { timeout: 20_000, interval: 200 };

let directory = '';
let stack: LocalStack;
let token = '';
let collector: Collector;

function portAs(principal: 'admin' | 'host'): LogPort {
  return connectLog(readLogSettings(stack.environmentOf(principal)), `e2e-${principal}`);
}

type Line = Readonly<Record<string, unknown>>;

/** A script of the documentation, as its page has people run it: each answer a line of JSON. */
async function runScript(script: string, variables: Record<string, string> = {}): Promise<Line[]> {
  const { stdout } = await run('bash', [path.join(checkoutDirectory, 'docs', script)], {
    env: { ...process.env, ...variables, GATEWAY: stack.addresses.gateway, TOKEN: token },
  });
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

/** What `explain` says of a quota's first limit, in a sentence. */
function sentenceIn(explained: Line | undefined): string {
  const [limit] = (explained?.['limits'] ?? []) as { sentence: string }[];
  return limit?.sentence ?? '';
}

/** The rightsizer's part, played: it would want days of usage before it proposes. */
async function proposeAsRobot(): Promise<string> {
  const answer = await postCommand({
    gatewayUrl: stack.addresses.gateway,
    token: await stack.mintToken({ subject: 'e2e-robot', kind: 'robot', roles: ['robot'] }),
    type: 'ResizeQuota',
    stream: 'application:moka',
    reason: 'refusals at peak',
    data: {
      quotaId: 'moka/prod/ads',
      limit: { resource: 'requests', rate: { amount: 350, per: '1s', burst: 700 } },
      evidence: {
        policy: 'production 1',
        source: 'the test',
        windowStart: '2026-01-01T00:00:00Z',
        windowEnd: '2026-01-01T00:15:00Z',
        figures: { refused: '12' },
        inputsHash: '00'.repeat(32),
      },
    },
  });
  expect(answer).toMatchObject({ status: 'accepted' });
  return String((answer as { outcome?: Line }).outcome?.['result']);
}

type Refused = Pick<Host['last'], 'reason' | 'quotaId'>;

/** A host that decides, so that there is usage and a report; what it refused last. */
async function serveRequests(): Promise<Refused | null> {
  const settings = readLogSettings(stack.environmentOf('host'));
  const log = { port: portAs('host'), codec: createCodec(settings), namespace: '' };
  const host = await startHost({
    application: 'moka',
    hostId: 'e2e',
    rules: kafkaRules(log),
    usage: kafkaUsage(log),
    usageWindowMs: 500,
    reportIntervalMs: 500,
  });
  const handle = host.bind({ quota: 'moka/prod/ads' });
  let refused: Refused | null = null;
  // The last of all may come after a moment in which this process did not run, and be within the limit again.
  for (let request = 0; request < 1000; request += 1) {
    if (isAdmitted(handle.take('requests', 1))) continue;
    // One object for every decision, which tells by getters.
    const { reason, quotaId } = host.last;
    refused = { reason, quotaId };
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await host.stop();
  await log.port.close();
  return refused;
}

/** Bytes that are no command, where the gateway alone may write: they end in the dead-letter topic. */
async function sendGarbage(): Promise<void> {
  const port = portAs('admin');
  const publisher = await port.publisher();
  const key = 'application:moka';
  const partition = partitionOf(key, topicManifest.partitions.local);
  const record = { topic: 'quota.commands', partition, key: Buffer.from(key) };
  await publisher.publish([{ ...record, value: Buffer.from('not a command') }]);
  await publisher.close();
  await port.close();
}

async function afterGarbage(): Promise<void> {
  const answer = await postCommand({
    gatewayUrl: stack.addresses.gateway,
    token,
    type: 'ChangeQuota',
    stream: 'application:moka',
    data: { quotaId: 'moka/prod', tier: 0 },
    reason: 'the partition goes on',
  });
  expect(answer).toMatchObject({ status: 'accepted' });
}

/** Has a host granted a share of a limit that the fleet has together, so that there is a lease to read. */
async function shareALimit(): Promise<void> {
  const answer = await postCommand({
    gatewayUrl: stack.addresses.gateway,
    token,
    type: 'ChangeQuota',
    stream: 'application:moka',
    data: { quotaId: 'moka/prod/ads', requests: { scope: 'fleet' } },
    reason: 'all hosts share it',
  });
  expect(answer).toMatchObject({ status: 'accepted' });
  const authorization = `Bearer ${token}`;
  const ended = new AbortController();
  const stream = await fetch(`${stack.addresses.gateway}/v1/leases/moka/e2e/stream`, {
    headers: { authorization },
    signal: ended.signal,
  });
  let heard = '';
  void stream.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void (heard += text) }))
    .catch(() => undefined);
  await vi.waitFor(
    async () => {
      const demand = {
        quotaId: 'moka/prod/ads',
        resource: 'requests',
        used: 5,
        refused: 0,
        held: 0,
      };
      const report = {
        ...{ hostId: 'e2e', bootId: 'e2e', application: 'moka' },
        reportedAt: new Date().toISOString(),
        demands: [{ ...demand, intervalMicros: 1_000_000 }],
      };
      const said = await fetch(`${stack.addresses.gateway}/v1/demands`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ reports: [report] }),
      });
      expect([said.status, heard.includes('event: lease')]).toEqual([202, true]);
    },
    { timeout: 20_000, interval: 300 },
  );
  ended.abort();
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-e2e-'));
  collector = await openCollector();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  stack = await startLocalStack({
    directory,
    services: 'all',
    durable: false,
    policy: {
      ...{ name: 'e2e', version: 1 },
      sink: { idleMs: 500 },
      summary: { evaluationMs: 500 },
    },
    environment: {
      writer: { PRORATA_SNAPSHOT_EVENTS: '5', ...traced },
      gateway: traced,
      projector: traced,
      relay: traced,
    },
  });
  token = await stack.mintToken({ subject: 'e2e', kind: 'user', roles: ['admin'] });
});

afterAll(async () => {
  await stack.stop();
  await collector.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

describe('the local stack', () => {
  it('runs the tutorial', async () => {
    const [, , created, changed, again, before, refused, overridden, after, rules, audit] =
      await runScript('tutorial/first-quota.sh');
    expect(created).toMatchObject({ status: 'accepted', quotaVersion: 1 });
    expect(sentenceIn(before)).toContain('300 requests/s, as declared');
    expect(again?.['eventIds']).toEqual(changed?.['eventIds']);
    expect(refused).toMatchObject({ status: 409, code: 'PARENT_LIMIT_EXCEEDED' });
    expect(JSON.stringify(refused)).toContain('moka/prod');
    expect(overridden).toMatchObject({ commandType: 'OverrideQuota', status: 'accepted' });
    expect(sentenceIn(after)).toContain('400 requests/s because of an override');
    expect(JSON.stringify(rules)).toContain('"after":{');
    expect(JSON.stringify(audit)).toContain('"QuotaOverridden"');
  });

  it('runs the tutorial twice: what is made is made once', async () => {
    const [, , created, changed, again] = await runScript('tutorial/first-quota.sh');
    expect(created).toMatchObject({ status: 'accepted', quotaVersion: 1 });
    // Version 4: the first run changed and overrode, so this change is one of its own.
    expect(changed).toMatchObject({ status: 'accepted', quotaVersion: 4 });
    expect(again?.['quotaVersion']).toBe(4);
  });

  it("runs the tutorial's host, which is refused what is over the override", async () => {
    const program = path.join(checkoutDirectory, 'docs', 'tutorial', 'first-host.ts');
    const { stdout } = await run(process.execPath, [program], {
      env: { ...process.env, GATEWAY: stack.addresses.gateway, TOKEN: token },
    });
    const [, served] =
      /^(\d+) of 1000 served; then over_limit by moka\/prod\/ads$/.exec(stdout.trim()) ?? [];
    // The burst, and what flows in while the thousand are asked for.
    expect(Number(served)).toBeGreaterThanOrEqual(400);
    expect(Number(served)).toBeLessThan(1000);
  });

  it("says in the tutorial's host that a token is rejected", async () => {
    const program = path.join(checkoutDirectory, 'docs', 'tutorial', 'first-host.ts');
    const env = { ...process.env, GATEWAY: stack.addresses.gateway, TOKEN: 'bad' };
    await expect(run(process.execPath, [program], { env })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The token was rejected: .* answered 401/) as string,
    });
  });

  it('tries a budget as the how-to says, lets it cut, and raises it', async () => {
    const first = await runScript('how-to/examples/set-a-budget.sh');
    expect(first.slice(0, 3)).toMatchObject(Array(3).fill({ status: 'accepted' }));
    expect(first[3]).toMatchObject({ budget: 'moka-monthly', currency: 'EUR', targetStep: -1 });
    const raised = await runScript('how-to/examples/set-a-budget.sh', {
      AMOUNT: '800.00',
      BUDGET_MODE: 'enforce',
    });
    const versions = [first, raised].map((lines) => lines.map((line) => line['streamVersion']));
    expect(versions[1]).toEqual([versions[0]?.[0], versions[0]?.[1], 2, undefined]);
  });

  it('sets the budget as well where the organization is registered', async () => {
    const answer = await postCommand({
      gatewayUrl: stack.addresses.gateway,
      token,
      type: 'RegisterOrganization',
      stream: 'organization:acme',
      data: { displayName: 'Acme' },
      reason: 'as the how-to suggests',
    });
    expect(answer).toMatchObject({ status: 'accepted' });
    await new Promise((resolve) => setTimeout(resolve, PROJECTED_MS));
    const lines = await runScript('how-to/examples/set-a-budget.sh', { AMOUNT: '900.00' });
    expect(lines.slice(0, 4)).toMatchObject(Array(4).fill({ status: 'accepted' }));
    const again = await runScript('how-to/examples/set-a-budget.sh', { AMOUNT: '900.00' });
    expect(again).toHaveLength(4);
  });

  it('lets a limit resize itself as the how-to says, once a person agrees', async () => {
    const script = 'how-to/examples/let-limits-resize-themselves.sh';
    const [bounded, status, proposals] = await runScript(script);
    expect(bounded).toMatchObject({ status: 'accepted', quotaId: 'moka/prod/ads' });
    expect(status).toHaveProperty('rightsizer.findings');
    expect(proposals).toMatchObject({ proposals: [] });
    const lines = await runScript(script, { PROPOSAL: await proposeAsRobot() });
    expect(lines[3]).toMatchObject({ commandType: 'ApproveProposal', status: 'accepted' });
  });

  it('brings an earlier version back as the how-to says', async () => {
    const script = 'how-to/examples/bring-back-an-earlier-version.sh';
    const [versions, version, dry, restored] = await runScript(script);
    expect(versions).toMatchObject({ quotaId: 'moka/prod/ads', isDeleted: false });
    expect(version).toMatchObject({ version: 1, type: 'QuotaCreated' });
    expect(dry).toMatchObject({ commandType: 'RestoreQuota', status: 'accepted', eventIds: [] });
    expect(restored).toMatchObject({ commandType: 'RestoreQuota', status: 'accepted' });
    expect(restored?.['eventIds']).toHaveLength(1);
    const [, , , again] = await runScript(script);
    expect(again).toMatchObject({ status: 'accepted', eventIds: [] });
  });

  it('gives a host its rules, and refuses what is over the limit', async () => {
    expect(await serveRequests()).toEqual({ reason: 'over_limit', quotaId: 'moka/prod/ads' });
  });

  it('tells which hosts enforce what: one is behind while the relay stands still, and current after', async () => {
    const script = 'how-to/examples/see-which-hosts-enforce-what.sh';
    const settings = readLogSettings(stack.environmentOf('host'));
    const log = { port: portAs('host'), codec: createCodec(settings), namespace: '' };
    const host = await startHost({
      application: 'moka',
      hostId: 'watched',
      zone: 'eu-1a',
      rules: kafkaRules(log),
      usage: kafkaUsage(log),
      reportIntervalMs: 500,
    });
    const look = async (): Promise<Line> => {
      const [all, , one] = await runScript(script, { HOST: 'watched' });
      expect(all?.['hosts']).toContainEqual(expect.objectContaining({ hostId: 'watched' }));
      return one ?? {};
    };
    const change = async (priority: number): Promise<void> => {
      const answer = await postCommand({
        gatewayUrl: stack.addresses.gateway,
        token,
        type: 'ChangeQuota',
        stream: 'application:moka',
        data: { quotaId: 'moka/prod', cutPriority: priority },
        reason: 'so that hosts have something to apply',
      });
      expect(answer).toMatchObject({ status: 'accepted' });
    };
    const versions = ({ desiredOffset, deliveredOffset, appliedOffset }: Line): boolean[] => [
      deliveredOffset === desiredOffset,
      appliedOffset === desiredOffset,
    ];
    try {
      await change(1);
      await vi.waitFor(async () => {
        const seen = await look();
        expect(seen).toMatchObject({ state: 'current', zone: 'eu-1a', behindSince: null });
        expect(versions(seen)).toEqual([true, true]);
      }, REPORTED);
      await stack.stopPart('relay');
      await change(2);
      await vi.waitFor(async () => {
        const seen = await look();
        expect(seen).toMatchObject({ state: 'behind', behindSince: expect.any(String) as string });
        expect(versions(seen)).toEqual([false, false]);
      }, REPORTED);
      await stack.start('relay');
      await vi.waitFor(async () => {
        const seen = await look();
        expect(seen).toMatchObject({ state: 'current' });
        expect(versions(seen)).toEqual([true, true]);
      }, REPORTED);
    } finally {
      await host.stop();
      await log.port.close();
    }
  });

  it('shows one trace from the request through the writer to the rows and the rules', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`${stack.addresses.gateway}/v1/commands`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify({
        type: 'ChangeQuota',
        stream: 'application:moka',
        data: { quotaId: 'moka/prod', labels: { traced: 'yes' } },
        reason: 'to be followed',
      }),
    });
    expect(response.status).toBe(200);
    const spans = (): CollectedSpan[] =>
      collector.spans().filter((span) => span.traceId === traceId);
    const byName = (name: string): CollectedSpan[] => spans().filter((span) => span.name === name);
    // Rows of the event and of the outcome, in each projection that follows them.
    await expect
      .poll(() => [byName('write rows').length > 1, byName('write rules').length], TRACED)
      .toEqual([true, 1]);
    const [submit, decide] = [byName('submit command')[0], byName('decide command')[0]];
    expect(submit).toMatchObject({
      service: 'command-service-gateway',
      parentSpanId: 'b7ad6b7169203331',
    });
    expect(decide).toMatchObject({
      service: 'command-service-writer',
      parentSpanId: submit?.spanId,
    });
    for (const span of byName('write rows'))
      expect(span).toMatchObject({ service: 'projector', parentSpanId: decide?.spanId });
    expect(byName('write rules')).toMatchObject([
      { service: 'enforcer-relay', parentSpanId: decide?.spanId },
    ]);
  });

  it('says of what nobody uses how old its usage is, and lists nothing that is younger', async () => {
    const ask = async (): Promise<Line> => {
      const response = await fetch(`${stack.addresses.gateway}/v1/unused?unusedForDays=1`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await response.json()) as Line;
    };
    const database = new pg.Client({ connectionString: stack.addresses.postgres });
    await database.connect();
    try {
      await vi.waitFor(
        async () => {
          const { rows } = await database.query(
            `SELECT used_1d, refused_1d FROM rightsizer.quota_usage WHERE quota_id = 'moka/prod/ads'`,
          );
          expect(rows).toMatchObject([{ refused_1d: expect.stringMatching(/^[1-9]/) as string }]);
        },
        { timeout: SUMMED_UP_MS, interval: 200 },
      );
    } finally {
      await database.end();
    }
    expect(await ask()).toMatchObject({
      data: { takenAt: expect.any(String) as string, caughtUpAt: expect.any(String) as string },
      quotas: [],
    });
  });

  it('exports its anchors, which an audit holds the log against', async () => {
    const program = path.join(checkoutDirectory, 'projector', 'src', 'audit', 'main.ts');
    const exported = path.join(directory, 'anchors');
    const args = [program, 'verify', '--json', '--anchor', exported];
    const { stdout } = await run(process.execPath, args, {
      env: { ...process.env, ...stack.environmentOf('auditor') },
    });
    const report = JSON.parse(stdout) as { anchors: number };
    expect(report).toMatchObject({ firstBad: null, signatures: 'checked' });
    expect(report.anchors).toBeGreaterThan(0);
  });

  it('lets a client that is not ours decode a record of every topic', async (context) => {
    const client = await pythonClient();
    if ('missing' in client) {
      context.skip(`skipped: ${client.missing}`);
      return;
    }
    await shareALimit();
    await sendGarbage();
    await afterGarbage();
    const passwordFile = path.join(directory, 'auditor-password');
    const password = stack.environmentOf('auditor')['KAFKA_SASL_PASSWORD'] ?? '';
    await writeFile(passwordFile, password, { mode: 0o600 });
    const topics = topicManifest.topics.map(({ name }) => name.replace('<application>', 'moka'));
    const { stdout } = await run(
      client.python,
      [
        path.join(checkoutDirectory, 'infra', 'test', 'readTopics.py'),
        ...['--brokers', stack.addresses.kafka, '--registry', stack.addresses.registry],
        ...['--username', 'auditor', '--password-file', passwordFile, ...topics],
      ],
      { maxBuffer: 50 * 1024 * 1024 },
    );
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { topic: string; name: string | null; fields: unknown });
    for (const topic of topics) {
      const found = records.filter((record) => record.topic === topic);
      expect(found.length, topic).toBeGreaterThan(0);
      if (topic === 'quota.commands.dlq') continue;
      expect(
        found.some((record) => record.name !== null && record.fields !== null),
        topic,
      ).toBe(true);
    }
  });
});
