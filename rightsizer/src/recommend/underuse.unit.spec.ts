import { describe, expect, it } from 'vitest';
import { classPolicies, unsqueezable } from './classes.ts';
import { decided, historyOf, officeDays } from './testing/histories.ts';

const policy = classPolicies.serving;
const held = unsqueezable(policy);

describe('underuse', () => {
  it('lowers what is far above what is expected', () => {
    const move = decided(historyOf({ slots: officeDays(14) }), policy);
    expect(move).toMatchObject({ kind: 'lower' });
  });

  it('keeps the newest highest, whatever is expected', () => {
    const slots = [...officeDays(14, 200, 200).slice(0, -2), 640, 200];
    const steps = [...new Array<number>(30).fill(200), 640, ...new Array<number>(17).fill(200)];
    expect(decided(historyOf({ slots, steps }), policy)).toMatchObject({
      kind: 'lower',
      value: 640n,
      reasons: ['UNUSED', 'RECENT'],
    });
  });

  it('wants two looks to agree: what was expected an hour ago still counts', () => {
    // An hour ago the office was open in all that lay ahead; from now on it is closed for the day.
    const days = [...officeDays(14), ...officeDays(1).slice(0, 17)];
    const steps = new Array<number>(48).fill(200);
    const now = decided(historyOf({ slots: days, steps }), { ...policy, agreementSlots: 0 });
    const both = decided(historyOf({ slots: days, steps }), policy);
    expect(now).toMatchObject({ kind: 'lower' });
    expect(both).not.toEqual(now);
  });

  it('waits while something is refused', () => {
    const pressed = [...new Array<number>(47).fill(0), 1];
    expect(decided(historyOf({ slots: officeDays(14), pressed }), policy)).toEqual({
      kind: 'hold',
      reason: 'REFUSED_IN_EVIDENCE',
    });
  });

  it('keeps the highest seen in two weeks of what cannot be squeezed, and goes a fifth at a time', () => {
    const slots = officeDays(14).map((slot, hour) => (hour === 3 ? 850 : slot));
    expect(decided(historyOf({ slots, limit: 2_000n }), held)).toMatchObject({
      kind: 'lower',
      value: 1_600n,
      reasons: ['UNUSED', 'HIGHEST_SEEN', 'LIMITED_BY_STEP'],
    });
    const nearer = decided(historyOf({ slots, limit: 1_000n }), held);
    expect(nearer).toEqual({ kind: 'hold', reason: 'WITHIN_DEADBAND' });
  });

  it('takes no gap for zero: after days of which nothing is known it waits for a day of evidence', () => {
    const gap = (hours: number) => new Array<number>(hours).fill(Number.NaN);
    const steps = [...gap(47), 10];
    for (const workload of Object.values(classPolicies)) {
      for (const days of [3, 4, 8, 13]) {
        const slots = [...officeDays(14 - days), ...gap(days * 24)];
        const move = decided(historyOf({ slots, steps, limit: 5_000n }), workload);
        expect(move).toEqual({ kind: 'hold', reason: 'TOO_LITTLE_EVIDENCE' });
      }
      const slots = [...officeDays(6), ...gap(7 * 24), ...officeDays(1)];
      expect(decided(historyOf({ slots, limit: 5_000n }), workload).kind).toBe('lower');
    }
  });

  it('leaves a limit alone of which nothing is known lately', () => {
    const steps = new Array<number>(48).fill(Number.NaN);
    const slots = [...officeDays(14).slice(0, -4), NaN, NaN, NaN, NaN];
    for (const limit of [10n, 5_000n]) {
      const move = decided(historyOf({ slots, steps, limit }), policy);
      expect(move).toEqual({ kind: 'hold', reason: 'USAGE_STALE' });
    }
    const pressed = [...new Array<number>(47).fill(0), 5];
    expect(decided(historyOf({ slots, steps, pressed, limit: 10n }), policy).kind).toBe('raise');
  });

  it('lowers what cannot be squeezed on a week of evidence alone', () => {
    const move = decided(historyOf({ slots: officeDays(6), limit: 5_000n }), held);
    expect(move).toEqual({ kind: 'hold', reason: 'TOO_LITTLE_EVIDENCE' });
    expect(decided(historyOf({ slots: officeDays(7), limit: 5_000n }), held).kind).toBe('lower');
  });
});
