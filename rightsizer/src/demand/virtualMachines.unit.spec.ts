import { describe, expect, it } from 'vitest';
import { measuredMixture } from './machineMixtures.ts';
import { virtualMachines } from './virtualMachines.ts';

const size = { machines: 12, days: 3 };

describe('made-up machines', () => {
  it('are the same for the same seed, and others for another', () => {
    const [one, same, other] = [1, 1, 2].map((seed) =>
      virtualMachines(measuredMixture, seed, size),
    );
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('use between nothing and all, no peak below its mean', () => {
    for (const { peaks, means } of virtualMachines(measuredMixture, 3, size)) {
      expect(peaks.length).toBe(3 * 288);
      for (const [at, peak] of peaks.entries()) {
        expect(peak).toBeLessThanOrEqual(100);
        expect(peak).toBeGreaterThanOrEqual(means[at] ?? Infinity);
        expect(means[at]).toBeGreaterThan(0);
      }
    }
  });

  it('have the kinds of their mixture, few machines too', () => {
    const kinds = virtualMachines(measuredMixture, 4, { machines: 20, days: 1 }).map(
      ({ kind }) => kind,
    );
    expect(kinds.filter((kind) => kind === 'flat').length).toBe(9);
    expect(new Set(kinds).size).toBeGreaterThan(4);
  });
});
