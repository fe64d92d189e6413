import type { LogRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { actor, COMMAND_ID, outcomeOf } from '../testing/outcomes.ts';
import { recordedLog } from '../testing/recordedLog.ts';
import { commandKey } from './recentCommands.ts';
import { restorePartition } from './restorePartition.ts';
import { fromTheBeginning } from './restorePoint.ts';
import { writerTopicsIn } from './writerTopics.ts';

const hour = 3_600_000_000n;
const begunAt = 1_000_000_000_000_000n;
const hours = 40 * 24;
const codec = new Codec(memoryIds());
const topics = writerTopicsIn('');
const idOf = (each: number): string => COMMAND_ID.slice(0, -4) + `${each}`.padStart(4, '0');

/** A command decided every hour, for forty days. */
async function outcomes(): Promise<LogRecord[]> {
  return Promise.all(
    Array.from({ length: hours }, async (_, each) => {
      const decidedAt = begunAt + BigInt(each) * hour;
      const value = outcomeOf({ commandId: idOf(each), commandOffset: BigInt(each), decidedAt });
      return {
        ...{ topic: topics.outcomes, partition: 0, offset: BigInt(each), timestampMs: 0 },
        key: null,
        value: await codec.encode('quota.outcomes', { type: 'CommandOutcome', value }),
        headers: new Map<string, Buffer>(),
      };
    }),
  );
}

describe('a restore without a snapshot', () => {
  it('remembers the day before the last decision, another for a clock that is ahead, and no more', async () => {
    const records = await outcomes();
    const log = recordedLog(({ topic }) =>
      topic === topics.outcomes ? { records, end: BigInt(hours) } : { records: [], end: 0n },
    );
    const logger = createLogger('test', 'silent');
    const lastAt = begunAt + BigInt(hours - 1) * hour;
    const parts = { log, codec, topics, logger };
    const { recent, nextCommand } = await restorePartition(
      parts,
      0,
      fromTheBeginning(),
      lastAt + 10n * hour,
    );
    const dayBefore = commandKey(actor, 'application:moka', idOf(hours - 24));
    expect(recent.find(dayBefore, lastAt)?.commandOffset).toBe(BigInt(hours - 24));
    expect(recent.size).toBeGreaterThanOrEqual(48);
    expect(recent.size).toBeLessThanOrEqual(50);
    expect(nextCommand).toBe(BigInt(hours));
  });
});
