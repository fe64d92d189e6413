import type { LogPort } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { emptyManifest } from './table/manifest.ts';
import type { Manifest } from './table/manifest.ts';
import { TableFreshness } from './tableFreshness.ts';

const topic = { name: 'usage.events', partitions: 2 };

function manifestAt(...offsets: readonly bigint[]): Manifest {
  const position = { epoch: 1, writer: 'w', marker: null };
  const partitions = offsets.map(
    (nextOffset, partition) => [partition, { ...position, nextOffset }] as const,
  );
  return { ...emptyManifest(topic), version: 1, partitions: new Map(partitions) };
}

function freshnessOf(ends: bigint[]): TableFreshness {
  const log = {
    log: { endOffset: ({ partition }: { partition: number }) => Promise.resolve(ends[partition]) },
  } as unknown as Pick<LogPort, 'log'>;
  return new TableFreshness(log, topic.name, topic.partitions);
}

describe('TableFreshness', () => {
  it('knows nothing before it has looked', () => {
    expect(freshnessOf([0n, 0n]).caughtUpAt(manifestAt(9n, 9n))).toBeNull();
  });

  it('has caught up with the newest look whose ends the table has passed in every partition', async () => {
    const ends = [10n, 4n];
    const freshness = freshnessOf(ends);
    await freshness.look(1_000n);
    [ends[0], ends[1]] = [20n, 6n];
    await freshness.look(2_000n);
    expect(freshness.caughtUpAt(manifestAt(9n, 4n))).toBeNull();
    expect(freshness.caughtUpAt(manifestAt(15n, 5n))).toBe(1_000n);
    expect(freshness.caughtUpAt(manifestAt(20n, 5n))).toBe(1_000n);
    expect(freshness.caughtUpAt(manifestAt(20n, 6n))).toBe(2_000n);
  });

  it('misses nothing in a partition that has never had a record', async () => {
    const freshness = freshnessOf([3n, 0n]);
    await freshness.look(5n);
    expect(freshness.caughtUpAt(manifestAt(3n))).toBe(5n);
  });
});
