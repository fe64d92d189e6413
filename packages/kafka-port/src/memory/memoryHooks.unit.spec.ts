import { describe, expect, it } from 'vitest';
import { outRecord, readAll, texts } from '../contract/records.ts';
import { CommitUnknown, OffsetGone, OwnershipLost } from '../port.ts';
import { createMemoryLog } from './memoryLog.ts';
import { seededRandom } from './seededRandom.ts';
import { VirtualClock } from './virtualClock.ts';

const place = { topic: 't', partition: 0 };
const identity = { group: 'g', ...place };

describe('what a simulation injects', () => {
  it.each(['committed', 'aborted'] as const)(
    'loses the answer of a commit that was %s',
    async (outcome) => {
      const log = createMemoryLog({ seed: 1, faults: { unknownCommit: () => outcome } });
      log.createTopic('t', 1);
      const port = log.connect();
      const writer = await port.writers.fence(identity);
      await expect(writer.append([outRecord('t', 0, 'x')])).rejects.toBeInstanceOf(CommitUnknown);
      await expect(writer.append([outRecord('t', 0, 'y')])).rejects.toBeInstanceOf(OwnershipLost);
      const { records, end } = await readAll(port, place);
      expect({ texts: texts(records), end }).toEqual({
        texts: outcome === 'committed' ? ['x'] : [],
        end: 2n,
      });
    },
  );

  it('hands a batch over twice', async () => {
    const log = createMemoryLog({ seed: 1, faults: { duplicateDelivery: () => true } });
    log.createTopic('t', 1);
    const port = log.connect();
    const seen: string[] = [];
    await port.source.run(
      { group: 'g', topic: 't' },
      {
        assigned: () => Promise.resolve(0n),
        revoked: () => Promise.resolve(),
        batch: (_, records) => Promise.resolve(void seen.push(...texts(records))),
      },
    );
    await (await port.publisher()).publish([outRecord('t', 0, 'x')]);
    await log.clock.advance(10);
    expect(seen).toEqual(['x', 'x']);
  });

  it('asks an owner once, though the log is away as soon as it has answered', async () => {
    let outages = 3;
    const boundsUnavailable = (): boolean => outages-- > 0;
    const log = createMemoryLog({ seed: 1, faults: { boundsUnavailable } });
    log.createTopic('t', 1);
    const port = log.connect();
    const calls: string[] = [];
    await port.source.run(
      { group: 'g', topic: 't' },
      {
        assigned: () => Promise.resolve(BigInt(calls.push('assigned') - 1)),
        revoked: () => Promise.resolve(void calls.push('revoked')),
        batch: (_, records) => Promise.resolve(void calls.push(...texts(records))),
      },
    );
    await (await port.publisher()).publish([outRecord('t', 0, 'x')]);
    await log.clock.advance(5_000);
    expect(outages).toBeLessThanOrEqual(0);
    expect(calls).toEqual(['assigned', 'x']);
  });

  it('deletes by retention, and says so of what is asked for before it', async () => {
    const log = createMemoryLog({ seed: 1 });
    log.createTopic('t', 1);
    const port = log.connect();
    const publisher = await port.publisher();
    await publisher.publish(['a', 'b', 'c'].map((text) => outRecord('t', 0, text)));
    log.deleteBefore(place, 2n);
    expect(await port.log.beginningOffset(place)).toBe(2n);
    await expect(port.log.readToEnd(place, 1n, () => undefined)).rejects.toBeInstanceOf(OffsetGone);
    const left: string[] = [];
    await port.log.readToEnd(place, 2n, (records) => void left.push(...texts(records)));
    expect(left).toEqual(['c']);
    expect(() => log.deleteBefore(place, 4n)).toThrow(OffsetGone);
  });

  it('aborts what a crashed process left open when its time is up, and not before', async () => {
    const log = createMemoryLog({ seed: 1 });
    log.createTopic('t', 1);
    await log.leaveOpen(identity, [outRecord('t', 0, 'open')]);
    const port = log.connect();
    await (await port.publisher()).publish([outRecord('t', 0, 'behind it')]);
    await log.clock.advance(29_000);
    expect(await port.log.endOffset(place)).toBe(0n);
    await log.clock.advance(2_000);
    const { records, end } = await readAll(port, place);
    expect({ texts: texts(records), end }).toEqual({ texts: ['behind it'], end: 3n });
  });

  it('keeps the last stable offset until the markers are written, and a fence waits for them', async () => {
    const log = createMemoryLog({ seed: 3, markerDelayMsMax: 50 });
    log.createTopic('t', 1);
    const port = log.connect();
    const writer = await port.writers.fence(identity);
    await writer.append([outRecord('t', 0, 'x')]);
    expect(await port.log.endOffset(place)).toBe(0n);
    let fenced = false;
    const fencing = port.writers.fence(identity).then(() => (fenced = true));
    await log.clock.advance(0);
    expect(fenced).toBe(false);
    await log.clock.advance(100);
    await fencing;
    expect(await port.log.endOffset(place)).toBe(2n);
  });

  it('never lets a crashed process go on', async () => {
    const log = createMemoryLog({ seed: 1 });
    log.createTopic('t', 1);
    const process = log.connect();
    const writer = await process.writers.fence(identity);
    process.crash();
    let settled = false;
    void writer.append([outRecord('t', 0, 'x')]).finally(() => (settled = true));
    process.resume();
    await log.clock.advance(1_000);
    expect(settled).toBe(false);
    expect(await log.connect().log.endOffset(place)).toBe(0n);
  });
});

describe('the virtual clock', () => {
  it('runs timers by time, then by age, with all that follows from one before the next', async () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    const then = async (name: string, milliseconds: number): Promise<void> => {
      await clock.sleep(milliseconds);
      seen.push(`${name}@${clock.nowMs}`);
      await clock.sleep(5);
      seen.push(`${name}+@${clock.nowMs}`);
    };
    void then('late', 10);
    void then('early', 4);
    void then('same', 10);
    clock.after(6, () => seen.push('cancelled'))();
    await clock.advance(10);
    expect(seen).toEqual(['early@4', 'early+@9', 'late@10', 'same@10']);
    await clock.advance(5);
    expect(seen.slice(4)).toEqual(['late+@15', 'same+@15']);
  });

  it('draws the same numbers for the same seed', () => {
    const [a, b, c] = [seededRandom(5), seededRandom(5), seededRandom(6)];
    const draw = (random: () => number): number[] => Array.from({ length: 5 }, random);
    expect(draw(a)).toEqual(draw(b));
    expect(draw(a)).not.toEqual(draw(c));
  });
});

describe('what a simulation watches', () => {
  it('tells of what is in the log for good, and of nothing that was aborted', async () => {
    const told: string[][] = [];
    const outcomes = ['aborted', 'committed', undefined] as const;
    let commits = 0;
    const log = createMemoryLog({
      seed: 1,
      faults: {
        unknownCommit: () => outcomes[commits++],
        inLog: (records) => void told.push(texts(records)),
      },
    });
    log.createTopic('t', 1);
    const port = log.connect();
    await (await port.publisher()).publish([outRecord('t', 0, 'plain')]);
    for (const text of ['a', 'b', 'c']) {
      const writer = await port.writers.fence(identity);
      await writer
        .append([outRecord('t', 0, text), outRecord('t', 0, text)])
        .catch(() => undefined);
    }
    expect(told).toEqual([['plain'], ['b', 'b'], ['c', 'c']]);
    expect(log.logEnd(place)).toBe(10n);
  });

  it('stops a process before any step it names', async () => {
    const log = createMemoryLog({ seed: 1 });
    log.createTopic('t', 1);
    const port = log.connect();
    const writer = await port.writers.fence(identity);
    port.atStep(port.steps() + 2, () => port.crash());
    void writer.append([outRecord('t', 0, 'x')]);
    await log.clock.advance(1);
    const reader = log.connect();
    expect([await reader.log.endOffset(place), log.logEnd(place)]).toEqual([0n, 1n]);
  });

  it('lends writers that go on after a failed commit, so that a test can show what they do', async () => {
    const log = createMemoryLog({
      seed: 1,
      faults: { unknownCommit: () => (commits++ === 0 ? 'committed' : undefined) },
    });
    let commits = 0;
    log.createTopic('t', 1);
    const port = log.connect();
    const writer = await port.unguardedWriters.fence(identity);
    await expect(writer.append([outRecord('t', 0, 'x')])).rejects.toBeInstanceOf(CommitUnknown);
    await writer.append([outRecord('t', 0, 'x')]);
    expect(texts((await readAll(port, place)).records)).toEqual(['x', 'x']);
  });
});
