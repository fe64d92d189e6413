import { describe, expect, it } from 'vitest';
import { plantedFaults } from '../testing/plantedFaults.ts';
import { writerChaos } from '../testing/writerChaos.ts';

/** Seeds within which each fault must show: few beside the 300 that every change runs. */
const SEEDS_MAX = 60;

describe('the simulation finds a writer with', () => {
  it.each(Object.entries(plantedFaults))(
    '%s',
    async (name, plant) => {
      let found: { readonly seed: number; readonly fault: string | undefined } | null = null;
      for (let seed = 1; seed <= SEEDS_MAX && found === null; seed++) {
        const { faults } = await writerChaos(seed, plant);
        if (faults.length > 0) found = { seed, fault: faults[0] };
      }
      process.stderr.write(`  ${name}: seed ${found?.seed ?? 'none'}: ${found?.fault ?? ''}\n`);
      expect(found, `not found in ${SEEDS_MAX} seeds`).not.toBeNull();
    },
    600_000,
  );
});
