import { expect, it } from 'vitest';
import type { AuditSource, RawRecord } from './auditSource.ts';
import { Progress } from './progress.ts';

const record = {} as RawRecord;

/** A source with so many records each time, and as many offsets of control records as make twenty times them. */
function sourceOf(counts: number[]): AuditSource {
  return {
    partitions: 1,
    size: () => Promise.resolve(20n),
    read: async (_topic, _partition, onRecord) => {
      for (let left = counts.shift() ?? 0; left > 0; left -= 1) await onRecord(record);
    },
  };
}

/** All that is written while a topic is read once for each count, a record each so many milliseconds. */
async function writtenOf(counts: readonly number[], stepMs: number): Promise<string> {
  let [written, nowMs] = ['', 0];
  const progress = new Progress(
    sourceOf([...counts]),
    (text) => void (written += text),
    () => (nowMs += stepMs),
  );
  for (let times = counts.length; times > 0; times -= 1) {
    await progress.read('quota.events', null, () => Promise.resolve());
  }
  progress.end();
  return written;
}

it('ends with all of it, whatever share the records were of the offsets', async () => {
  const lines = (await writtenOf([1], 2_000)).split('\r').map((line) => line.trimEnd());
  expect(lines).toEqual([
    '',
    'quota.events: 1 record read, at least 5 %',
    'quota.events: 1 record read, 100 %',
  ]);
});

it('counts on where a topic is read again, and says nothing where nothing was added', async () => {
  const last = (await writtenOf([2, 1, 0], 2_000))
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
  expect(last).toHaveLength(2);
  expect(last[1]).toMatch(/quota\.events: 3 records read, 100 %$/);
});

it('is silent where nobody has to wait', async () => {
  expect(await writtenOf([5], 1)).toBe('');
});
