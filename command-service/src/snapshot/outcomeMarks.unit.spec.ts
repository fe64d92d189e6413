import { describe, expect, it } from 'vitest';
import { RECENT_MICROS } from '../writer/recentCommands.ts';
import { marksFromBytes, marksToBytes, outcomesFrom, withMark } from './outcomeMarks.ts';
import type { OutcomeMark } from './outcomeMarks.ts';

const minute = 60_000_000n;

describe('the marks in the outcomes', () => {
  function afterMinutes(minutes: number): OutcomeMark[] {
    let marks: OutcomeMark[] = [];
    for (let each = 0; each <= minutes; each++) {
      marks = withMark(marks, { at: BigInt(each) * minute, offset: BigInt(each) });
    }
    return marks;
  }

  it('lead to no outcome that is younger than a day, and to few that are older', () => {
    const minutes = 3_000;
    const now = BigInt(minutes) * minute;
    const from = outcomesFrom(afterMinutes(minutes), now);
    const dayAgo = (now - RECENT_MICROS) / minute;
    expect(from).toBeLessThanOrEqual(dayAgo);
    expect(from).toBeGreaterThan(dayAgo - 11n);
  });

  it('lead to the beginning before the first is a day old', () => {
    expect(outcomesFrom(afterMinutes(100), 100n * minute)).toBeNull();
  });

  it('lead to no later place for a clock that is ahead', () => {
    const marks = afterMinutes(3_000);
    const now = 3_000n * minute;
    expect(outcomesFrom(marks, now + 20n * 60n * minute)).toBe(outcomesFrom(marks, now));
  });

  it('stay few', () => {
    expect(afterMinutes(5_000).length).toBeLessThan(150);
  });

  it('come back from their bytes', () => {
    const marks = afterMinutes(50);
    expect(marksFromBytes(marksToBytes(marks))).toEqual(marks);
  });
});
