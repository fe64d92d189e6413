import { describe, expect, it } from 'vitest';
import { seedsFrom } from '../testing/simulationSeeds.ts';
import { writerChaos } from '../testing/writerChaos.ts';

describe('writers decide each command once, whatever happens to them', () => {
  it.each(seedsFrom(201, 300))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults } = await writerChaos(seed);
    expect(faults).toEqual([]);
  });
});
