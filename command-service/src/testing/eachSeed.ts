import { expect, it } from 'vitest';
import { seedsFrom } from './simulationSeeds.ts';
import { writerChaos } from './writerChaos.ts';

/** A test for each seed from one to another; when PRORATA_SIM_SEED names one, for that alone. */
export function eachSeed(first: number, last: number): void {
  const seeds = seedsFrom(first, last);
  // A suite must not be empty: the named seed is in another file.
  if (seeds.length === 0) it('leaves the named seed to another file', () => undefined);
  else {
    it.each(seeds)('(PRORATA_SIM_SEED=%i)', async (seed) => {
      const { faults } = await writerChaos(seed);
      expect(faults).toEqual([]);
    });
  }
}
