import { describe, expect, it } from 'vitest';
import { seedsFrom } from './simulationSeeds.ts';
import { throttleChaos } from './throttleChaos.ts';

/** Other seeds than those of every change. */
const FIRST = 1_001;
const LAST = 1_100;

describe('the budget throttle, over many seeds', () => {
  it.each(seedsFrom(FIRST, LAST))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults } = await throttleChaos(seed);
    expect(faults).toEqual([]);
  });
});
