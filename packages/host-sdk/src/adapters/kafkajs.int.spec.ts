import { createClient } from '@prorata/kafka-port/bareClient';
import { freshNamespace, kafkaConnection } from '@prorata/test-kit';
import { expect, it } from 'vitest';
import { kafkajsExample } from '../../test/examples/kafkajs.ts';
import { rate, RecordingChannel, rule, ToldSource, wholeSet } from '../../test/fixtures.ts';
import { startHost } from '../startHost.ts';

const MESSAGES = 12;
/** Five at once, then one each 250 ms. */
const LIMIT = { ...rate(1n), perMicros: 250_000n, burst: 5n };

it('has a real consumer take as much as its quota gives, each message once and in order, and stay in its group', async () => {
  const namespace = await freshNamespace();
  const [topic, groupId] = [`${namespace}.work`, `${namespace}.group`];
  const kafka = createClient(kafkaConnection());
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: MESSAGES }, (_, index) => ({ value: String(index) }));
  await producer.send({ topic, messages });

  const source = new ToldSource();
  const starting = startHost({ application: 'moka', rules: source, usage: new RecordingChannel() });
  (await source.sink).replaceAll(wholeSet([rule('moka/prod/ads', [LIMIT])]));
  const host = await starting;

  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 200 });
  const counts = { joins: 0, fetches: 0, heartbeats: 0 };
  consumer.on('consumer.group_join', () => (counts.joins += 1));
  consumer.on('consumer.fetch_start', () => (counts.fetches += 1));
  consumer.on('consumer.heartbeat', () => (counts.heartbeats += 1));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen: { value: string; at: number }[] = [];
  const all = Promise.withResolvers<undefined>();
  await kafkajsExample(host, consumer, (value) => {
    seen.push({ value, at: performance.now() });
    if (seen.length === MESSAGES) all.resolve(undefined);
    return Promise.resolve();
  });
  await all.promise;
  expect(seen.map(({ value }) => value)).toEqual(messages.map(({ value }) => value));
  const tookMs = seen.at(-1)!.at - seen[0]!.at;
  // Seven after the burst, less what one look at the clock may be off.
  expect(tookMs).toBeGreaterThanOrEqual(7 * 250 - 20);
  expect(counts.joins).toBe(1);
  expect(counts.heartbeats).toBeGreaterThanOrEqual(3);
  // A loop that asked again and again would fetch thousands of times.
  expect(counts.fetches).toBeLessThan(80);
  await consumer.stop();
  await expect
    .poll(
      async () =>
        (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset,
    )
    .toBe(String(MESSAGES));
  await Promise.all([
    consumer.disconnect(),
    producer.disconnect(),
    admin.disconnect(),
    host.stop(),
  ]);
});
