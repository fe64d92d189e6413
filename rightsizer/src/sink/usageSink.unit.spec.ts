import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { LogRecord, OwnershipHandlers } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { tokens, usageRecord } from '../../test/usageRecords.ts';
import type { PartitionClaim, RangeToCommit } from '../table/usageTable.ts';
import { SeenIds, WORD_IDS } from './seenIds.ts';
import type { IdOfUsage } from './seenIds.ts';
import { startUsageSink } from './usageSink.ts';
import type { RunningSink, SinkOptions } from './usageSink.ts';

const HOUR_MS = 3_600_000;
const LOGGED_MS = 480_000 * HOUR_MS;
const place = { topic: 'usage.events', partition: 0 };
const codec = new Codec(memoryIds());

interface Sent {
  readonly sequence: number;
  readonly laterMs: number;
  readonly quotaId?: string;
}

async function logOf(sent: readonly Sent[]): Promise<LogRecord[]> {
  let timestampMs = LOGGED_MS;
  return Promise.all(
    sent.map(async ({ sequence, laterMs, quotaId = 'llm/chat' }, index) => {
      timestampMs += laterMs;
      const usage = usageRecord({
        quotaId,
        bootId: 'boot-1',
        sequence: BigInt(sequence),
        windowStart: BigInt(LOGGED_MS) * 1_000n - 2n,
        windowEnd: BigInt(LOGGED_MS) * 1_000n - 1n,
        resources: [tokens(1n)],
      });
      return {
        ...place,
        offset: BigInt(index),
        timestampMs,
        key: Buffer.from(quotaId),
        value: await codec.encode('usage.events', { type: 'UsageRecorded', value: usage }),
        headers: new Map(),
      };
    }),
  );
}

/** A table in memory, of one partition; the log is the one that it is filled from. */
class MemoryTable {
  readonly log: readonly LogRecord[];
  readonly ranges: RangeToCommit[] = [];
  #claim: PartitionClaim = {
    source: place.topic,
    partition: 0,
    epoch: 0,
    nextOffset: 0n,
    topicId: null,
    marker: null,
  };

  constructor(log: readonly LogRecord[]) {
    this.log = log;
  }

  takeOver(): Promise<PartitionClaim> {
    return Promise.resolve((this.#claim = { ...this.#claim, epoch: this.#claim.epoch + 1 }));
  }

  commit(claim: PartitionClaim, range: RangeToCommit): Promise<PartitionClaim> {
    expect(range.from).toBe(claim.nextOffset);
    this.ranges.push(range);
    this.#claim = { ...claim, nextOffset: range.to, marker: range.marker };
    return Promise.resolve(this.#claim);
  }

  get counted(): readonly bigint[] {
    return this.ranges.flatMap(({ usage }) => usage.offsets);
  }

  /** From the rows alone, as `restoreSeenIds` does it. */
  async seenIds(): Promise<SeenIds> {
    const seen = new SeenIds();
    for (const offset of this.counted) {
      const { value, timestampMs } = this.log[Number(offset)]!;
      const usage = (await codec.decode(value)).value as IdOfUsage;
      seen.restore({
        ...usage,
        sequence: usage.sequence - (usage.sequence % BigInt(WORD_IDS)),
        hour: Math.floor(timestampMs / HOUR_MS),
        bits: 1 << Number(usage.sequence % BigInt(WORD_IDS)),
        windowFirst: usage.windowStart,
        windowLast: usage.windowStart,
      });
    }
    return seen;
  }
}

/** Commits wait until they are let go. */
class SlowTable extends MemoryTable {
  readonly #gates: (() => void)[] = [];
  #isOpen = false;

  override async commit(claim: PartitionClaim, range: RangeToCommit): Promise<PartitionClaim> {
    if (!this.#isOpen) await new Promise<void>((go) => this.#gates.push(go));
    return super.commit(claim, range);
  }

  get waiting(): number {
    return this.#gates.length;
  }

  async asked(commits: number): Promise<void> {
    await expect.poll(() => this.waiting).toBe(commits);
  }

  letGo(): void {
    this.#isOpen = true;
    for (const go of this.#gates) go();
  }
}

async function start(
  table: MemoryTable,
  changes: Partial<Record<keyof SinkOptions, unknown>> = {},
): Promise<{ sink: RunningSink; handlers: OwnershipHandlers }> {
  const taken = Promise.withResolvers<OwnershipHandlers>();
  const sink = await startUsageSink({
    log: {
      source: {
        run: (_group: unknown, handlers: OwnershipHandlers) => {
          taken.resolve(handlers);
          const finished = new Promise(() => undefined);
          const commitHint = (): Promise<void> => Promise.resolve();
          return Promise.resolve({ finished, commitHint, stop: () => Promise.resolve() });
        },
      },
      log: {
        beginningOffset: () => Promise.resolve(0n),
        endOffset: () => Promise.resolve(BigInt(table.log.length)),
        topicId: () => Promise.resolve('one'),
      },
    },
    codec,
    table,
    seenIds: () => table.seenIds(),
    quotas: null,
    topic: place.topic,
    group: 'usage-sink',
    rule: { recordsMax: 5, intervalMs: HOUR_MS, idleMs: 60_000 },
    watcher: { committed: () => undefined, quarantined: () => undefined, waiting: () => undefined },
    ...changes,
  } as unknown as SinkOptions);
  return { sink, handlers: await taken.promise };
}

describe('the usage sink', () => {
  it('lets a partition go at once, though the registry is away', async () => {
    const asked = Promise.withResolvers<undefined>();
    const away = {
      decodeKnown: () => null,
      decode: () => {
        asked.resolve(undefined);
        return Promise.reject(new Error('the registry is away'));
      },
    };
    const table = new MemoryTable(await logOf([{ sequence: 1, laterMs: 0 }]));
    const { sink, handlers } = await start(table, { codec: away });
    await handlers.assigned(place);
    const batch = handlers.batch(place, table.log);
    await asked.promise;
    const before = performance.now();
    await handlers.revoked(place);
    await batch;
    // Less than one pause between two tries.
    expect(performance.now() - before).toBeLessThan(900);
    await sink.stop();
  });

  it('counts the same records whatever is sent again, and however it is cut and ended', async () => {
    const sent = fc.array(
      fc.record({ sequence: fc.nat(12), laterMs: fc.constantFrom(0, 1, HOUR_MS, 13 * HOUR_MS) }),
      { minLength: 1, maxLength: 40 },
    );
    const lives = fc.array(
      fc.record({ batch: fc.integer({ min: 1, max: 9 }), batches: fc.nat(4) }),
      {
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(sent, lives, async (records, ends) => {
        const log = await logOf(records);
        const table = new MemoryTable(log);
        for (const { batch, batches } of ends) await live(table, batch, batches, 'killed');
        await live(table, 7, Infinity, 'stopped');
        const once = new MemoryTable(log);
        await live(once, log.length, Infinity, 'stopped');
        expect(table.counted).toEqual(once.counted);
        const sum = table.ranges.reduce(
          (total, range) => total + range.usage.length + range.duplicates + range.quarantine.length,
          0,
        );
        expect(sum).toBe(log.length);
        expect(table.ranges.reduce((total, { records: some }) => total + some, 0)).toBe(sum);
      }),
      { numRuns: 60 },
    );
  });

  it('reads and judges the next range while one is written, and no further', async () => {
    const log = await logOf(
      Array.from({ length: 12 }, (_, sequence) => ({ sequence, laterMs: 0 })),
    );
    const table = new SlowTable(log);
    const { sink, handlers } = await start(table);
    await handlers.assigned(place);
    // Ranges end at 5 and 10: the second is gathered while the first is held up.
    await handlers.batch(place, log.slice(0, 9));
    await table.asked(1);
    const further = handlers.batch(place, log.slice(9));
    let isTaken = false;
    void further.then(() => (isTaken = true));
    await delay(20);
    expect([isTaken, table.waiting]).toEqual([false, 1]);
    table.letGo();
    await further;
    await sink.stop();
    expect(table.ranges.map(({ from, to }) => [from, to])).toEqual([
      [0n, 5n],
      [5n, 10n],
      [10n, 12n],
    ]);
  });

  it('ends with the fault of a range that was written meanwhile', async () => {
    const log = await logOf(Array.from({ length: 9 }, (_, sequence) => ({ sequence, laterMs: 0 })));
    const table = new MemoryTable(log);
    table.commit = () => Promise.reject(new Error('the disk is full'));
    const { sink, handlers } = await start(table);
    await handlers.assigned(place);
    await handlers.batch(place, log);
    await expect(sink.finished).rejects.toThrow('the disk is full');
    expect(table.ranges).toEqual([]);
    await sink.stop();
  });

  it('calls no quota unknown before it has read what the log of events has', async () => {
    const log = await logOf([
      { sequence: 1, laterMs: 0 },
      { sequence: 2, laterMs: 0, quotaId: 'llm/new' },
      { sequence: 3, laterMs: 0, quotaId: 'llm/none' },
      { sequence: 4, laterMs: 0, quotaId: 'llm/none' },
    ]);
    const table = new MemoryTable(log);
    const ids = new Set(['llm/chat']);
    const told: string[] = [];
    let asked = 0;
    const quotas = {
      known: { has: (id: string) => ids.has(id), wasPaidBy: () => true },
      settle: () => {
        asked += 1;
        // At first it cannot be read: the partition waits, says so, and guesses nothing.
        if (asked === 2) ids.add('llm/new');
        return Promise.resolve(asked === 2);
      },
    };
    const watcher = {
      committed: () => undefined,
      quarantined: (_partition: number, reason: string, offset: bigint) =>
        told.push(`${reason} ${offset}`),
      waiting: (_partition: number, waits: boolean) => told.push(`waits ${waits}`),
    };
    const { sink, handlers } = await start(table, { quotas, watcher });
    await handlers.assigned(place);
    await handlers.batch(place, log);
    await sink.stop();
    expect(told).toEqual(['waits true', 'waits false', 'QUOTA_UNKNOWN 2', 'QUOTA_UNKNOWN 3']);
    expect(asked).toBe(2);
    expect(table.counted).toEqual([0n, 1n]);
  });
});

/** From the takeover to an end: by a kill what was not committed is gone. */
async function live(
  table: MemoryTable,
  batch: number,
  batches: number,
  end: 'killed' | 'stopped',
): Promise<void> {
  const { sink, handlers } = await start(table);
  let from = Number(await handlers.assigned(place));
  for (let turn = 0; turn < batches && from < table.log.length; turn += 1) {
    await handlers.batch(place, table.log.slice(from, from + batch));
    from += batch;
  }
  if (end === 'killed') await handlers.revoked(place);
  else await sink.stop();
}
