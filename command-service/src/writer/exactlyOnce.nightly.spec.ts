import { describe, expect, it } from 'vitest';
import { seedsFrom } from '../testing/simulationSeeds.ts';
import { writerChaos } from '../testing/writerChaos.ts';

/** The first 300 run with every change. */
const FIRST = 301;
const LAST = 10_300;
/** A line of the report stands for so many seeds. */
const SEEDS_A_TEST = 500;

const firsts = Array.from(
  { length: (LAST - FIRST + 1) / SEEDS_A_TEST },
  (_, index) => FIRST + index * SEEDS_A_TEST,
);

describe('writers decide each command once, whatever happens to them', () => {
  it.each(firsts)('(%i and the next 499 seeds)', async (first) => {
    const failed: string[] = [];
    const startedMs = performance.now();
    const last = first + SEEDS_A_TEST - 1;
    for (const seed of seedsFrom(first, last)) {
      const { faults } = await writerChaos(seed);
      if (faults.length > 0) failed.push(`PRORATA_SIM_SEED=${seed}: ${faults.join('; ')}`);
    }
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    process.stderr.write(`  seeds ${first} to ${last}: ${failed.length} failed, ${seconds} s\n`);
    for (const line of failed) process.stderr.write(`  ${line}\n`);
    expect(failed).toEqual([]);
  });
});
