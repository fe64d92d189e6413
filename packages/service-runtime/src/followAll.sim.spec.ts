import { createMemoryLog } from '@prorata/kafka-port';
import type { LogRecord, MemoryLog } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { followAll } from './followAll.ts';

const record = (partition: number, text: string) => ({
  topic: 'rules',
  partition,
  key: null,
  value: Buffer.from(text),
});

async function logWith(...texts: readonly string[]): Promise<MemoryLog> {
  const log = createMemoryLog({ seed: 1 });
  log.createTopic('rules', 2);
  const publisher = await log.connect().publisher();
  for (const [index, text] of texts.entries()) await publisher.publish([record(index % 2, text)]);
  return log;
}

describe('following a whole topic', () => {
  it('catches up with all partitions, then goes on', async () => {
    const log = await logWith('a', 'b', 'c');
    const seen: string[] = [];
    const take = ({ value }: LogRecord): void => void seen.push(String(value));
    const followed = followAll(log.connect(), 'rules', 2, take);
    await followed.caughtUp;
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
    expect(followed.isCaughtUp).toBe(true);
    expect([followed.position(0), followed.position(1)]).toEqual([2n, 1n]);
    await (await log.connect().publisher()).publish([record(1, 'd')]);
    await log.clock.advance(100);
    expect(seen).toContain('d');
    await followed.stop();
    await followed.finished;
  });

  it('from the end hears only what comes', async () => {
    const log = await logWith('a', 'b');
    const seen: string[] = [];
    const take = ({ value }: LogRecord): void => void seen.push(String(value));
    const followed = followAll(log.connect(), 'rules', 2, take, { from: 'end' });
    await followed.caughtUp;
    await (await log.connect().publisher()).publish([record(0, 'c')]);
    await log.clock.advance(100);
    expect(seen).toEqual(['c']);
    await followed.stop();
  });

  it('ends with the fault of whoever folds', async () => {
    const log = await logWith('a');
    const followed = followAll(log.connect(), 'rules', 2, () => {
      throw new Error('cannot fold');
    });
    await expect(followed.finished).rejects.toThrow('cannot fold');
  });

  it('tells a fault that comes later, too', async () => {
    const log = await logWith();
    const followed = followAll(log.connect(), 'rules', 2, () => {
      throw new Error('cannot fold');
    });
    await followed.caughtUp;
    await (await log.connect().publisher()).publish([record(0, 'c')]);
    await log.clock.advance(100);
    await expect(followed.finished).rejects.toThrow('cannot fold');
  });
});
