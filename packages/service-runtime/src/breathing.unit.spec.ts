import { describe, expect, it } from 'vitest';
import { breathing } from './breathing.ts';

describe('long work', () => {
  it('lets the event loop turn every 20 ms, and not more often', async () => {
    let now = 0;
    let turns = 0;
    const count = (): void => {
      turns++;
      setImmediate(count).unref();
    };
    setImmediate(count).unref();
    const breathe = breathing(() => now);
    let breaths = 0;
    for (let piece = 0; piece < 100; piece++) {
      now += 1;
      const breath = breathe();
      if (breath === undefined) continue;
      breaths++;
      await breath;
    }
    expect(breaths).toBe(5);
    expect(turns).toBeGreaterThanOrEqual(5);
  });
});
