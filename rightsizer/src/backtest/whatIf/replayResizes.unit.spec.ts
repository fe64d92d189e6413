import { START, tokens } from '@prorata/quota-model/testing';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../../policy.ts';
import type { Resizable } from '../../resize/findResize.ts';
import { replayResizes } from './replayResizes.ts';
import type { ReplayedResizes } from './replayResizes.ts';

const STEP = 300_000_000n;
const DAY = 86_400_000_000n;
const FIRST = START - (START % DAY);
const JUDGED = FIRST + 14n * DAY;
const STEPS = 21 * 288;

const series: Resizable = {
  ...{ quotaId: 'moka/a', quotaVersion: 1n, resource: 'tokens', limit: tokens(100n) },
  bounds: { resource: 'tokens', min: 1n, max: 1_000_000n },
  ...{ workload: 'serving', isPinned: false, demandOf: 'host' },
  ...{ isUnderHaircut: false, isOverridden: false, isProposed: false, isInRollout: false },
  ...{ boundBy: null, disturbed: [], changedAt: 0n, loweredAt: null },
  ...{ declinedAt: null, rolledBackAt: null, freshAt: null },
};

function replayed(
  demand: (at: number) => number,
  changed: Partial<Resizable> = {},
  held: number | null = 100,
): ReplayedResizes {
  const values = Float64Array.from({ length: STEPS }, (_, at) => demand(at));
  const past = {
    steps: { from: FIRST, stepMicros: STEP, values },
    pressed: new Float64Array(STEPS),
  };
  const policy = productionPolicy.rightsizer;
  return replayResizes({ ...series, ...changed }, past, { at: () => held }, policy, JUDGED);
}

describe('resizes of the past', () => {
  it('begin with what was in force, and settle where the demand does', () => {
    const { changes, then } = replayed(() => 50);
    expect(changes[0]?.from).toBe(100n);
    expect(changes.length).toBeLessThan(4);
    expect(then.short).toBe(0);
  });

  it('take what they would have refused for pressure, and raise for it', () => {
    const { changes } = replayed((at) => (at < 16 * 288 ? 50 : 90));
    const raise = changes.find(({ at }) => at > FIRST + 16n * DAY);
    expect(raise?.reasons).toContain('REFUSED');
  });

  it('leave out the time of cuts and overrides: it counts for neither, and is no evidence', () => {
    const disturbed = [{ from: JUDGED + DAY, to: JUDGED + 2n * DAY }];
    const low = (at: number): number => (at >= 15 * 288 && at < 16 * 288 ? 1 : 80);
    const { then, inForce, changes } = replayed(low, { disturbed });
    expect(then.missing).toBe(288);
    expect(inForce.missing).toBe(288);
    const meanwhile = ({ at }: { readonly at: bigint }): boolean =>
      at > JUDGED + DAY && at < JUDGED + 3n * DAY;
    expect(changes.filter(meanwhile)).toEqual([]);
  });

  it('are compared nowhere while no limit was in force', () => {
    const { then, inForce } = replayed(() => 50, {}, null);
    expect(then.missing).toBe(7 * 288);
    expect(inForce.missing).toBe(7 * 288);
  });
});
