import { describe, expect, it } from 'vitest';
import { plantedFaults } from './plantedFaults.ts';
import { seedsFrom } from './simulationSeeds.ts';
import { throttleChaos } from './throttleChaos.ts';

/** Each night runs a hundred. */
const SEEDS = 3;
/** Within so many seeds each planted fault must show. */
const PLANTED_SEEDS_MAX = 8;

const wanted = [
  'CutIntended',
  'HaircutApplied',
  'HaircutLifted',
  'CutCompleted',
  'QuotaOverridden',
  'BudgetThresholdCrossed',
];

describe('the budget throttle cuts by what it knew, once, and undoes it to the letter, whatever happens to it', () => {
  it.each(seedsFrom(1, SEEDS))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults, seen } = await throttleChaos(seed);
    expect(faults).toEqual([]);
    expect(wanted.filter((type) => !seen.has(type))).toEqual([]);
  });
});

describe('the laws find a throttle with', () => {
  it.each(Object.entries(plantedFaults))('%s', async (_name, plant) => {
    let found: readonly string[] = [];
    for (let seed = 1; seed <= PLANTED_SEEDS_MAX && found.length === 0; seed += 1) {
      const { faults } = await throttleChaos(seed, plant);
      found = faults.filter((fault) => plant.found.test(fault));
    }
    expect(found, `not found in ${PLANTED_SEEDS_MAX} seeds`).not.toEqual([]);
  });
});
