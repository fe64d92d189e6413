import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TestClock } from '../../test/fixtures.ts';
import { HostTime } from './hostClock.ts';

function shared(slackMs: number) {
  const clock = new TestClock();
  let readings = 0;
  const time = new HostTime(
    {
      monotonicMicros: () => {
        readings += 1;
        return clock.now;
      },
      wallMicros: () => clock.now,
    },
    slackMs,
  );
  readings = 0;
  return { clock, time, readings: () => readings };
}

describe('the moment of a decision', () => {
  it('is read for every decision where no slack is allowed', () => {
    const { clock, time, readings } = shared(0);
    for (let count = 0; count < 10; count += 1) {
      clock.now += 7;
      time.tick();
      expect(time.moment[0]).toBe(clock.now);
    }
    expect(readings()).toBe(10);
  });

  it('is shared by 32 decisions where the event loop is blocked', () => {
    const { clock, time, readings } = shared(1);
    time.tick();
    const first = clock.now;
    clock.now += 5_000;
    for (let count = 0; count < 31; count += 1) time.tick();
    expect(time.moment[0]).toBe(first);
    time.tick();
    expect(time.moment[0]).toBe(clock.now);
    expect(readings()).toBe(2);
    expect(time.lagMicros).toBe(5_000);
    time.stop();
  });

  it('is read anew after a turn of the event loop, and rests when nobody decides', async () => {
    const { clock, time, readings } = shared(1);
    time.tick();
    await sleep(20);
    clock.now += 3_000;
    time.tick();
    expect(time.moment[0]).toBe(clock.now);
    await sleep(20);
    const before = readings();
    await sleep(20);
    expect(readings()).toBe(before);
    time.stop();
  });

  it('catches up before a refusal that the lag could have made wrong, and not before others', () => {
    const { clock, time, readings } = shared(1);
    time.tick();
    time.tick();
    clock.now += 900;
    expect(time.catchUp(Float64Array.of(3_600_000_000))).toBe(false);
    expect(readings()).toBe(1);
    expect(time.catchUp(Float64Array.of(900))).toBe(true);
    expect(time.moment[0]).toBe(clock.now);
    // Just read: once more would tell nothing.
    expect(time.catchUp(Float64Array.of(900))).toBe(false);
    time.stop();
  });

  it('never goes back', () => {
    const { clock, time } = shared(0);
    time.tick();
    const before = time.moment[0];
    clock.now -= 1_000;
    time.tick();
    expect(time.moment[0]).toBe(before);
  });
});
