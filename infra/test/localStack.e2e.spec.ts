import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { kafkaRules, kafkaUsage, startHost } from '@prorata/host-sdk';
import type { Host } from '@prorata/host-sdk';
import { partitionOf } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { topicManifest } from '@prorata/schemas';
import { connectLog, createCodec, postCommand, readLogSettings } from '@prorata/service-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkoutDirectory } from '../src/checkout.ts';
import { startLocalStack } from '../src/localStack.ts';
import type { LocalStack } from '../src/localStack.ts';
import { pythonClient } from './pythonClient.ts';

const run = promisify(execFile);

let directory = '';
let stack: LocalStack;
let token = '';
let tutorial = '';

function portAs(principal: 'admin' | 'host'): LogPort {
  return connectLog(readLogSettings(stack.environmentOf(principal)), `e2e-${principal}`);
}

/** The tutorial's commands, as docs/tutorial/first-quota.md has people run them. */
async function runTutorial(): Promise<string> {
  const script = path.join(checkoutDirectory, 'docs', 'tutorial', 'first-quota.sh');
  const { stdout } = await run('bash', [script], {
    env: { ...process.env, GATEWAY: stack.addresses.gateway, TOKEN: token },
  });
  return stdout;
}

/** A host that decides, so that there is usage and a report. */
async function serveRequests(): Promise<Host['last']> {
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
  for (let request = 0; request < 1000; request += 1) handle.take('requests', 1);
  const last = { ...host.last };
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await host.stop();
  await log.port.close();
  return last;
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

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-e2e-'));
  stack = await startLocalStack({
    directory,
    services: 'all',
    durable: false,
    environment: { writer: { PRORATA_SNAPSHOT_EVENTS: '5' } },
  });
  token = await stack.mintToken({ subject: 'e2e', kind: 'user', roles: ['admin'] });
});

afterAll(async () => {
  await stack.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

describe('the local stack', () => {
  it('runs the tutorial', async () => {
    tutorial = await runTutorial();
    expect(tutorial).toContain('"QuotaOverridden"');
    const lines = tutorial.trim().split('\n');
    const explained = JSON.parse(lines[4] ?? '') as { limits: { sentence: string }[] };
    expect(explained.limits[0]?.sentence).toContain('400');
    const rules = lines[5] ?? '';
    expect(rules).toContain('"after"');
  });

  it('gives a host its rules, and refuses what is over the limit', async () => {
    const last = await serveRequests();
    expect(last).toMatchObject({ reason: 'over_limit', quotaId: 'moka/prod/ads' });
  });

  it('lets a client that is not ours decode a record of every topic', async (context) => {
    const client = await pythonClient();
    if ('missing' in client) {
      context.skip(`skipped: ${client.missing}`);
      return;
    }
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
