import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, OutRecord } from '@prorata/kafka-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideJvmParts } from '../src/provision/jars.ts';
import { freePort } from '../src/stack/freePort.ts';
import { startKafka } from '../src/stack/kafka.ts';
import type { RunningKafka } from '../src/stack/kafka.ts';
import { randomPasswords } from '../src/stack/principals.ts';

const NODES = 3;
const TOPICS = ['events', 'outcomes'];
/** So many that some leader of the one topic is not the leader of the other. */
const PARTITIONS = 6;
const APPENDS = 60;

let directory = '';
let port: LogPort;
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
  const admin = await port.admin();
  const shape = { partitions: PARTITIONS, replication: NODES };
  const configuration = { 'min.insync.replicas': '2' };
  await admin.createTopics(TOPICS.map((topic) => ({ topic, ...shape, configuration })));
});

afterAll(async () => {
  await port.close();
  for (const broker of brokers) await broker.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

async function partitionOfTwoLeaders(): Promise<number> {
  const admin = await port.admin();
  const [events = [], outcomes = []] = await Promise.all(
    TOPICS.map((topic) => admin.leadersOf(topic)),
  );
  await admin.close();
  return events.findIndex((leader, partition) => leader !== outcomes[partition]);
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
  const recordsOf = (partition: number, number: string): OutRecord[] =>
    TOPICS.map((topic) => ({ topic, partition, key: null, value: Buffer.from(number) }));

  // Each transaction but the first begins with a fault that passes, and so with a second attempt.
  it('hold every record of an append once, in partitions that two of them lead', async () => {
    const partition = await partitionOfTwoLeaders();
    expect(partition).toBeGreaterThanOrEqual(0);
    const writer = await port.writers.fence({ group: 'g', topic: 'events', partition });
    for (const number of numbers) await writer.append(recordsOf(partition, number));
    // A fence waits for the markers of the last append.
    await port.writers.fence({ group: 'g', topic: 'events', partition });
    for (const topic of TOPICS) expect(await textsOf(topic, partition)).toEqual(numbers);
  });

  it('hold every published record once, in order, in partitions that all of them lead', async () => {
    const publisher = await port.publisher();
    const before = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => textsOf('outcomes', partition)),
    );
    for (const number of numbers) {
      await publisher.publish(
        Array.from({ length: PARTITIONS }, (_, partition) => {
          return { topic: 'outcomes', partition, key: null, value: Buffer.from(number) };
        }),
      );
    }
    for (const [partition, earlier] of before.entries())
      expect(await textsOf('outcomes', partition)).toEqual([...earlier, ...numbers]);
  });
});
