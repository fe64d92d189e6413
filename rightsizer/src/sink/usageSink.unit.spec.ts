import type { LogRecord, OwnershipHandlers } from '@prorata/kafka-port';
import { expect, it } from 'vitest';
import { startUsageSink } from './usageSink.ts';
import type { SinkOptions } from './usageSink.ts';

const place = { topic: 'usage.events', partition: 0 };
const record = {
  ...place,
  offset: 0n,
  key: null,
  value: Buffer.from([0, 0, 0, 0, 1]),
  headers: {},
  timestamp: 0n,
} as unknown as LogRecord;

it('lets a partition go at once, though the registry is away', async () => {
  const taken = Promise.withResolvers<OwnershipHandlers>();
  const asked = Promise.withResolvers<undefined>();
  const sink = await startUsageSink({
    log: {
      source: {
        run: (_group: unknown, handlers: OwnershipHandlers) => {
          taken.resolve(handlers);
          const finished = new Promise(() => undefined);
          return Promise.resolve({ finished, stop: () => Promise.resolve() });
        },
      },
      log: {
        beginningOffset: () => Promise.resolve(0n),
        endOffset: () => Promise.resolve(1n),
        topicId: () => Promise.resolve('one'),
      },
    },
    codec: {
      decode: () => {
        asked.resolve(undefined);
        return Promise.reject(new Error('the registry is away'));
      },
    },
    table: {
      takeOver: () =>
        Promise.resolve({ partition: 0, epoch: 1, nextOffset: 0n, topicId: null, marker: null }),
    },
    reader: { newest: () => Promise.resolve(null) },
    topic: place.topic,
    group: 'usage-sink',
    rule: { recordsMax: 10, intervalMs: 60_000, idleMs: 60_000 },
    watcher: {},
  } as unknown as SinkOptions);
  const handlers = await taken.promise;
  await handlers.assigned(place);
  const batch = handlers.batch(place, [record]);
  await asked.promise;
  const before = performance.now();
  await handlers.revoked(place);
  await batch;
  // Less than one pause between two tries.
  expect(performance.now() - before).toBeLessThan(900);
  await sink.stop();
});
