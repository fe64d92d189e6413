import { describe, expect, it } from 'vitest';
import { burstOf, levelOf } from './bursts.ts';
import { classPolicies } from './classes.ts';

const policy = { ...classPolicies.serving, levelQuantile: 0.95, shortageMargin: 1.1 };

const burst = (
  steps: readonly number[],
  changes: { pressed?: readonly number[]; sinceChange?: number; limit?: number } = {},
  terms = policy,
) =>
  burstOf(
    {
      steps: Float64Array.from(steps),
      pressed: Float64Array.from(changes.pressed ?? steps.map(() => 0)),
      sinceChange: changes.sinceChange ?? 0,
    },
    12,
    changes.limit ?? 100,
    terms,
  );

describe('the level', () => {
  it('is a high percentile of the newest slots, not their highest', () => {
    const slots = Float64Array.from({ length: 100 }, (_, slot) => (slot === 99 ? 1_000 : slot));
    // Of the newest 72 the three highest are above it.
    expect(levelOf(slots, policy)).toBe(96);
  });

  it('knows nothing of nothing', () => {
    expect(levelOf(new Float64Array(0), policy)).toBe(0);
    expect(levelOf(Float64Array.from([NaN, NaN]), policy)).toBe(0);
  });
});

describe('a burst', () => {
  it('asks for what was wanted and the margin as soon as one step is short', () => {
    expect(burst([50, 50, 130]).need).toBeCloseTo(143);
  });

  it('asks for nothing while the limit holds it', () => {
    expect(burst([50, 100, 99]).need).toBe(0);
  });

  it('agrees with itself on what two steps have wanted', () => {
    expect(burst([50, 300, 200]).agreed).toBeCloseTo(220);
    expect(burst([50, 50, 300]).agreed).toBeCloseTo(55);
  });

  it('raises on refusals alone, of which nothing else was reported', () => {
    const found = burst([NaN, NaN, NaN], { pressed: [0, 0, 40] });
    expect(found).toMatchObject({ isPressed: true });
    expect(found.need).toBeCloseTo(154);
  });

  it('does not raise again for what raised it already', () => {
    expect(burst([50, 130, 50], { sinceChange: 2 }).need).toBe(0);
  });

  it('is over when it is older than three steps', () => {
    expect(burst([130, 50, 50, 50]).need).toBe(0);
  });

  it('waits for a second short step where the class can', () => {
    const batch = classPolicies.batch;
    expect(burst([50, 50, 50, 130], {}, batch).need).toBe(0);
    expect(burst([50, 130, 50, 130], {}, batch).need).toBeGreaterThan(130);
  });
});
