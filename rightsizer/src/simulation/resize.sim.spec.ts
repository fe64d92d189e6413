import { describe, expect, it } from 'vitest';
import { plantedResizes } from './plantedResizes.ts';
import { resizeChaos } from './resizeChaos.ts';
import { seedsFrom } from './simulationSeeds.ts';

/** Each night runs a hundred. */
const SEEDS = 2;
/** Within so many seeds each planted fault must show. */
const PLANTED_SEEDS_MAX = 6;

const wanted = ['RightsizingRehearsed', 'QuotaResized', 'ChangeProposed', 'HaircutApplied'];

describe('the rightsizer moves limits by what it knew, once, within its bounds, and comes to rest, whatever happens', () => {
  it.each(seedsFrom(1, SEEDS))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults, seen } = await resizeChaos(seed);
    expect(faults).toEqual([]);
    expect(wanted.filter((type) => !seen.has(type))).toEqual([]);
  });
});

describe('the laws find a rightsizer with', () => {
  it.each(Object.entries(plantedResizes))('%s', async (_name, plant) => {
    let found: readonly string[] = [];
    for (let seed = 1; seed <= PLANTED_SEEDS_MAX && found.length === 0; seed += 1) {
      const { faults } = await resizeChaos(seed, plant);
      found = faults.filter((fault) => plant.found.test(fault));
    }
    expect(found, `not found in ${PLANTED_SEEDS_MAX} seeds`).not.toEqual([]);
  });
});
