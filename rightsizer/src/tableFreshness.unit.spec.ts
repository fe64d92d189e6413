import type { LogPort } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import type { Positions } from './table/tableVersion.ts';
import { TableFreshness } from './tableFreshness.ts';

const topic = { name: 'usage.events', partitions: 2 };

function tableAt(...offsets: readonly bigint[]): Positions {
  return new Map(offsets.map((offset, partition) => [`usage.events/${partition}`, offset]));
}

function freshnessOf(ends: bigint[]): TableFreshness {
  const log = {
    log: { endOffset: ({ partition }: { partition: number }) => Promise.resolve(ends[partition]) },
  } as unknown as Pick<LogPort, 'log'>;
  return new TableFreshness(log, topic.name, topic.partitions);
}

describe('TableFreshness', () => {
  it('knows nothing before it has looked', () => {
    expect(freshnessOf([0n, 0n]).caughtUpAt(tableAt(9n, 9n))).toBeNull();
  });

  it('has caught up with the newest look whose ends the table has passed in every partition', async () => {
    const ends = [10n, 4n];
    const freshness = freshnessOf(ends);
    await freshness.look(1_000n);
    [ends[0], ends[1]] = [20n, 6n];
    await freshness.look(2_000n);
    expect(freshness.caughtUpAt(tableAt(9n, 4n))).toBeNull();
    expect(freshness.caughtUpAt(tableAt(15n, 5n))).toBe(1_000n);
    expect(freshness.caughtUpAt(tableAt(20n, 5n))).toBe(1_000n);
    expect(freshness.caughtUpAt(tableAt(20n, 6n))).toBe(2_000n);
  });

  it('misses nothing in a partition that has never had a record', async () => {
    const freshness = freshnessOf([3n, 0n]);
    await freshness.look(5n);
    expect(freshness.caughtUpAt(tableAt(3n))).toBe(5n);
  });
});
