import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, OutRecord } from '@prorata/kafka-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../src/stack/freePort.ts';
import { startKafka } from '../src/stack/kafka.ts';
import type { RunningKafka } from '../src/stack/kafka.ts';
import { randomPasswords } from '../src/stack/principals.ts';
import { provideJvmParts } from '../src/stack/provideJvmParts.ts';

const NODES = 3;
const PARTITIONS = 6;
const APPENDS = 60;
/** Brokers place each topic at random, and two in three are led elsewhere than the events. */
const PLACINGS_MAX = 20;

let directory = '';
let port: LogPort;
/** The events, and outcomes of which some partition has another leader. */
let topics: string[] = [];
let partition = -1;
const brokers: RunningKafka[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-three-'));
  const [jvm, passwords] = [await provideJvmParts(() => undefined), randomPasswords()];
  const controllerPorts: number[] = [];
  while (controllerPorts.length < NODES) controllerPorts.push(await freePort());
  const nodes = controllerPorts.map((_, index) =>
    startKafka({
      directory: path.join(directory, `kafka-${index}`),
      jvm,
      passwords,
      quorum: { nodeId: index + 1, controllerPorts },
    }),
  );
  brokers.push(...(await Promise.all(nodes)));
  port = connectKafka({
    clientId: 'three',
    brokers: brokers.flatMap((broker) => broker.brokers),
    sasl: { mechanism: 'plain', username: 'admin', password: passwords.admin },
  });
  await createTopics();
});

afterAll(async () => {
  await port.close();
  for (const broker of brokers) await broker.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

async function createTopics(): Promise<void> {
  const admin = await port.admin();
  const shape = { partitions: PARTITIONS, replication: NODES };
  const configuration = { 'min.insync.replicas': '2' };
  await admin.createTopics([{ topic: 'events', ...shape, configuration }]);
  const leaders = await admin.leadersOf('events');
  for (let placing = 0; placing < PLACINGS_MAX && partition < 0; placing++) {
    const outcomes = `outcomes-${placing}`;
    await admin.createTopics([{ topic: outcomes, ...shape, configuration }]);
    const others = await admin.leadersOf(outcomes);
    topics = ['events', outcomes];
    partition = leaders.findIndex((leader, at) => leader !== others[at]);
  }
  await admin.close();
}

async function textsOf(topic: string, partition: number): Promise<string[]> {
  const texts: string[] = [];
  await port.log.readToEnd({ topic, partition }, 0n, (records) => {
    for (const { value } of records) texts.push(String(value));
  });
  return texts;
}

describe('three brokers', () => {
  const numbers = Array.from({ length: APPENDS }, (_, number) => String(number));
  const recordsOf = (number: string): OutRecord[] =>
    topics.map((topic) => ({ topic, partition, key: null, value: Buffer.from(number) }));

  // Each transaction but the first begins with a fault that passes, and so with a second attempt.
  it('hold every record of an append once, in partitions that two of them lead', async () => {
    expect(partition).toBeGreaterThanOrEqual(0);
    const writer = await port.writers.fence({ group: 'g', topic: 'events', partition });
    for (const number of numbers) await writer.append(recordsOf(number));
    // A fence waits for the markers of the last append.
    await port.writers.fence({ group: 'g', topic: 'events', partition });
    for (const topic of topics) expect(await textsOf(topic, partition)).toEqual(numbers);
  });

  it('hold every published record once, in order, in partitions that all of them lead', async () => {
    const publisher = await port.publisher();
    const topic = topics[1] ?? '';
    const all = Array.from({ length: PARTITIONS }, (_, at) => at);
    const before = await Promise.all(all.map((at) => textsOf(topic, at)));
    for (const number of numbers) {
      const value = Buffer.from(number);
      await publisher.publish(all.map((at) => ({ topic, partition: at, key: null, value })));
    }
    for (const [at, earlier] of before.entries())
      expect(await textsOf(topic, at)).toEqual([...earlier, ...numbers]);
  });
});
