import { describe, expect, it } from 'vitest';
import { classPolicies } from './classes.ts';
import { moveOf } from './gates.ts';
import type { Recommendation } from './recommendation.ts';
import { HOUR } from './testing/histories.ts';

const policy = { ...classPolicies.serving, dwellSlots: 4, raiseFactor: 2, lowerFactor: 0.5 };
const now = 1_000n * HOUR;
const found: Omit<Recommendation, 'inputsHash'> = {
  value: 1_000n,
  lower: 900n,
  upper: 1_200n,
  agreed: 0n,
  reasons: ['SEASON'],
  skip: null,
  objection: null,
};
const slots = { from: 0n, stepMicros: HOUR, values: new Float64Array(0) };
const move = (limit: bigint, changes: Partial<typeof found> = {}, rested = 5n * HOUR) =>
  moveOf({ limit, changedAt: now - rested, slots }, { ...found, ...changes }, policy, now);

describe('gates', () => {
  it('leave a limit within the band alone', () => {
    for (const limit of [900n, 1_000n, 1_200n]) {
      expect(move(limit)).toEqual({ kind: 'hold', reason: 'WITHIN_DEADBAND' });
    }
  });

  it('raise at once, though it was changed a moment ago', () => {
    expect(move(899n, {}, 0n)).toEqual({ kind: 'raise', value: 1_000n, reasons: ['SEASON'] });
  });

  it('double at most, but go to what two steps agree on', () => {
    expect(move(300n)).toMatchObject({ value: 600n, reasons: ['SEASON', 'LIMITED_BY_STEP'] });
    expect(move(300n, { agreed: 800n })).toMatchObject({ value: 800n });
    expect(move(300n, { agreed: 5_000n })).toMatchObject({ value: 1_000n, reasons: ['SEASON'] });
  });

  it('raise a limit of nothing by one unit at least', () => {
    expect(move(0n)).toMatchObject({ kind: 'raise', value: 1n });
  });

  it('lower after the dwell, and never further than one step', () => {
    expect(move(1_500n, {}, 4n * HOUR - 1n)).toEqual({ kind: 'hold', reason: 'DWELLING' });
    expect(move(1_500n, {}, 4n * HOUR)).toMatchObject({ kind: 'lower', value: 1_000n });
    expect(move(4_000n)).toMatchObject({ kind: 'lower', value: 2_000n });
  });

  it('lower what is small by a unit at least, and never to nothing', () => {
    const small = { value: 0n, lower: 0n, upper: 0n };
    const slowly = { ...policy, lowerFactor: 0.8 };
    const steps = [5n, 4n, 3n, 2n, 1n].map((limit) =>
      moveOf({ limit, changedAt: now - 5n * HOUR, slots }, { ...found, ...small }, slowly, now),
    );
    expect(steps.map((each) => (each.kind === 'lower' ? each.value : each.kind))).toEqual([
      ...[4n, 3n, 2n, 1n],
      'hold',
    ]);
  });

  it('say what is against lowering', () => {
    const upper = 2n ** 63n - 1n;
    expect(move(4_000n, { upper, objection: 'REFUSED_IN_EVIDENCE' })).toEqual({
      kind: 'hold',
      reason: 'REFUSED_IN_EVIDENCE',
    });
  });

  it('pass a skip on', () => {
    expect(move(1n, { skip: 'USAGE_STALE' })).toEqual({ kind: 'hold', reason: 'USAGE_STALE' });
  });
});
