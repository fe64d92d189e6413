import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '@prorata/kafka-port';
import { content, requestTerms } from '@prorata/quota-model/testing';
import type { Lease } from '@prorata/schemas';
import { inNamespace, leasesTopicOf } from '@prorata/schemas';
import { kafkaConnection, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventScript, rate } from './eventScript.ts';
import type { FleetHostLine, FleetHostTerms } from './fleetHost.ts';
import { RelayBench } from './relayBench.ts';

/** A second, of all hosts together; and at once. */
const LIMIT = 100;
/** What a host without a lease may use a second. */
const SAFE = 1;
const HOSTS = [
  { hostId: 'a', aSecond: 200, overHttp: false },
  { hostId: 'b', aSecond: 200, overHttp: true },
  { hostId: 'c', aSecond: 20, overHttp: false },
];
const TENTHS = 10;
/** Until shares follow demand, and what is measured before and after the relay is killed, milliseconds. */
const SETTLE_MS = 6_000;
const BEFORE_MS = 4_000;
/** Longer than a lease, and than a silent relay keeps its partitions: 15 s and 10 s. */
const AFTER_MS = 18_000;

let bench: RelayBench;
const processes: ChildProcess[] = [];
const script = new EventScript('moka');

beforeAll(async () => {
  bench = await RelayBench.open();
  const requests = requestTerms({ scope: 'fleet', safeShareBasisPoints: SAFE * 100 });
  const quota = content([rate(BigInt(LIMIT))], { requests });
  const created = script.make('QuotaCreated', 'prod', { content: quota, contentHash: null });
  await bench.events.write(script.register(), created);
});
afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await bench.close();
});

async function startRelayProcess(): Promise<{
  readonly url: string;
  readonly child: ChildProcess;
}> {
  const { brokers, subjectsUrl, passwords } = sharedStack();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../src/main.ts')], {
    env: {
      ...process.env,
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'relay',
      KAFKA_SASL_PASSWORD: passwords.relay,
      SCHEMA_REGISTRY_URL: subjectsUrl,
      PRORATA_NAMESPACE: bench.namespace,
      PRORATA_LOG_LEVEL: 'info',
      PRORATA_TOKEN_ISSUER: bench.issuer.tokens.issuer,
      PRORATA_TOKEN_JWKS_FILE: bench.issuer.tokens.jwksFile,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, child };
  }
  throw new Error('The relay did not start.');
}

/** Tenths of a second, with what each host was let through in them. */
function startHostProcess(terms: FleetHostTerms): FleetHostLine[] {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'fleetHost.ts')], {
    env: { ...process.env, FLEET_HOST: JSON.stringify(terms) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  const lines: FleetHostLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as FleetHostLine);
  });
  return lines;
}

async function ownsPartition(url: string): Promise<boolean> {
  const partition = partitionOf(script.stream, 4);
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.includes(`relay_partition_next_offset{partition="${partition}",state="serving"`);
}

async function latestLease(): Promise<Lease | null> {
  const topic = inNamespace(leasesTopicOf('moka'), bench.namespace);
  const last = (await bench.records({ topic, partition: 0 })).findLast(
    ({ value }) => value !== null,
  );
  const message = last === undefined ? null : await bench.codec.decode(last.value);
  return message?.type === 'Lease' ? message.value : null;
}

/** What all hosts together were let through in each tenth from the first that any of them has. */
function together(lines: readonly (readonly FleetHostLine[])[]): { first: number; sums: number[] } {
  const all = lines.flat();
  const first = Math.min(...all.map(({ tenth }) => tenth));
  const sums = Array.from<number>({
    length: Math.max(...all.map(({ tenth }) => tenth)) - first + 1,
  });
  sums.fill(0);
  for (const { tenth, admitted } of all)
    sums[tenth - first] = (sums[tenth - first] ?? 0) + admitted;
  return { first, sums };
}

/** The most by which any stretch of time passed what the limit lets through in it, its burst included. */
function mostOver(sums: readonly number[]): number {
  const aTenth = (LIMIT + SAFE * HOSTS.length) / TENTHS;
  let over = 0;
  let most = -Infinity;
  for (const sum of sums) {
    // Of all stretches that end here, the one that passed the limit by the most.
    over = Math.max(0, over) + sum - aTenth;
    most = Math.max(most, over);
  }
  return most - LIMIT;
}

it('holds a limit over three hosts while the relay that shares it out is killed, and goes on', async () => {
  const relays = [await startRelayProcess(), await startRelayProcess()];
  const owners = () => Promise.all(relays.map(({ url }) => ownsPartition(url)));
  await expect.poll(owners, { timeout: 30_000 }).toContain(true);
  // The group shares partitions anew when the second joins.
  await delay(4_000);
  await expect.poll(owners, { timeout: 30_000 }).toContain(true);
  const killed = (await owners()).indexOf(true);
  const other = relays[1 - killed]!;
  const token = bench.issuer.token(['host'], 'moka');
  const lines = HOSTS.map(({ hostId, aSecond, overHttp }) =>
    startHostProcess({
      ...{ hostId, aSecond, namespace: bench.namespace, registryUrl: sharedStack().subjectsUrl },
      connection: kafkaConnection('host'),
      http: overHttp ? { url: other.url, token } : null,
    }),
  );
  const haveBegun = () => lines.every((each) => each.length > 0);
  await expect.poll(haveBegun, { timeout: 30_000 }).toBe(true);
  await delay(SETTLE_MS);
  const settledAt = Date.now();
  await delay(BEFORE_MS);
  const killedAt = Date.now();
  relays[killed]!.child.kill('SIGKILL');
  await delay(AFTER_MS);
  const { first, sums } = together(lines);
  const rateIn = (fromMs: number, toMs: number): number => {
    const part = sums.slice(Math.ceil(fromMs / 100) - first, Math.floor(toMs / 100) - first);
    return part.reduce((sum, each) => sum + each, 0) / (part.length / TENTHS);
  };
  const figures = {
    before: Math.round(rateIn(settledAt, killedAt)),
    after: Math.round(rateIn(killedAt, killedAt + AFTER_MS - 500)),
    // Each host has a unit at the least to begin with, and so at each share.
    mostOver: Math.round(mostOver(sums)),
    degraded: lines.map(
      (each) => each.filter((line) => line.degraded && line.tenth * 100 > settledAt).length,
    ),
  };
  process.stdout.write(`a fleet of three, the relay killed: ${JSON.stringify(figures)}\n`);
  expect(figures.mostOver).toBeLessThanOrEqual(HOSTS.length);
  expect(figures.before).toBeGreaterThanOrEqual(0.9 * LIMIT);
  expect(figures.after).toBeGreaterThanOrEqual(0.9 * LIMIT);
  const lease = await latestLease();
  expect(Number((lease?.grantedAt ?? 0n) / 1_000n)).toBeGreaterThan(killedAt);
  expect(lease?.hosts).toBe(HOSTS.length);
});
