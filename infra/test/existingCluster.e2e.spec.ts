import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { postCommand } from '@prorata/service-runtime';
import { freshDatabase, freshNamespace, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalStack } from '../src/localStack.ts';
import type { LocalStack } from '../src/localStack.ts';

let directory = '';
let stack: LocalStack;

beforeAll(async () => {
  const shared = sharedStack();
  const external: Record<string, string> = {
    KAFKA_BROKERS: shared.brokers.join(','),
    KAFKA_SASL_MECHANISM: shared.sasl.mechanism,
    KAFKA_SASL_USERNAME: shared.sasl.username,
    KAFKA_SASL_PASSWORD: shared.sasl.password,
    SCHEMA_REGISTRY_URL: shared.registryUrl,
    DATABASE_URL: await freshDatabase(),
  };
  const before = Object.keys(external).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, external);
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-existing-'));
  try {
    stack = await startLocalStack({
      directory,
      services: 'all',
      useExternal: true,
      namespace: await freshNamespace(),
    });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
});

afterAll(async () => {
  await stack.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

describe('with an existing Kafka, registry and Postgres', () => {
  it('starts no part of its own, and serves a command in a namespace', async () => {
    const backing = ['kafka', 'registry', 'postgres'] as const;
    expect(backing.map((part) => stack.pidOf(part))).toEqual([undefined, undefined, undefined]);
    const token = await stack.mintToken({ subject: 'e2e', kind: 'user', roles: ['admin'] });
    const answer = await postCommand({
      gatewayUrl: stack.addresses.gateway,
      token,
      type: 'RegisterApplication',
      stream: 'application:elsewhere',
      data: {
        displayName: 'Elsewhere',
        levels: [],
        resources: [{ name: 'requests', kind: 'rate', unit: 'request' }],
        defaultMode: 'enforce',
        defaultOnStale: 'hold',
        robotChanges: 'apply',
        proposalLifetimeMicros: 3_600_000_000,
      },
      reason: 'an existing cluster',
    });
    expect(answer).toMatchObject({ status: 'accepted', outcome: { streamVersion: 1 } });
    await expect
      .poll(() => auditOf(token), { timeout: 10_000 })
      .toMatchObject([{ type: 'ApplicationRegistered' }]);
  });
});

async function auditOf(token: string): Promise<unknown> {
  const url = `${stack.addresses.gateway}/v1/audit?stream=application:elsewhere`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as { entries: unknown }).entries;
}
