import { expect, it } from 'vitest';
import { HealthPressure } from './healthSignals.ts';
import type { HealthReading } from './healthSignals.ts';

const calm: HealthReading = { eventLoopDelayMs: 1, eventLoopUtilization: 0.6, heap: 0.3, cpu: 0.2 };

function settled(reading: Partial<HealthReading>): number {
  const pressure = new HealthPressure();
  for (let count = 0; count < 20; count += 1) pressure.sample({ ...calm, ...reading });
  return pressure.sample({ ...calm, ...reading });
}

it('is the worst signal’s word, rising with it from its mark on', () => {
  expect(settled({})).toBeLessThan(-0.5);
  expect(settled({ eventLoopDelayMs: 80 })).toBeCloseTo(0.5);
  expect(settled({ eventLoopDelayMs: 80, heap: 0.95 })).toBeCloseTo(0.875);
  expect(settled({ eventLoopDelayMs: 5_000 })).toBe(1);
  expect(settled({ cpu: 0.98 })).toBeCloseTo(0.5);
  expect(settled({ eventLoopUtilization: 1 })).toBeCloseTo(0.2);
});

it('leaves things as they are between the marks, so that nothing goes up and down', () => {
  expect(settled({ eventLoopDelayMs: 16 })).toBe(0);
  expect(settled({ eventLoopDelayMs: 29 })).toBe(0);
});

it('leaves a loop alone that is late although it rests: it waits for others’ processors', () => {
  expect(settled({ eventLoopDelayMs: 500, eventLoopUtilization: 0.3 })).toBeLessThan(-0.5);
  expect(settled({ eventLoopDelayMs: 500, eventLoopUtilization: 0.3, heap: 0.95 })).toBeGreaterThan(
    0.8,
  );
});

it('is not moved far by one odd reading', () => {
  const pressure = new HealthPressure();
  pressure.sample(calm);
  expect(pressure.sample({ ...calm, eventLoopDelayMs: 40 })).toBeLessThanOrEqual(0.05);
});

it('leaves out a signal whose mark is null, and refuses marks that do not rise', () => {
  const pressure = new HealthPressure({ heap: null });
  expect(pressure.sample({ ...calm, heap: 1 })).toBeLessThan(0);
  expect(() => new HealthPressure({ heap: { resume: 0.9, shed: 0.8, severe: 1 } })).toThrow(
    RangeError,
  );
});
