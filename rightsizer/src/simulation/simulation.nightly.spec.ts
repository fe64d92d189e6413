import { describe, expect, it } from 'vitest';
import { reportOf } from './closedLoopReport.ts';
import { runsOf } from './closedLoopRuns.ts';
import type { ClosedLoopRun } from './closedLoopRuns.ts';
import { resizeChaos } from './resizeChaos.ts';
import { seedsFrom } from './simulationSeeds.ts';
import { throttleChaos } from './throttleChaos.ts';

/** Other seeds than those of every change. */
const FIRST = 1_001;
const LAST = 1_100;
/** Quarters; the kept report has twenty of other seeds. */
const QUARTERS = 4;

describe('the budget throttle, over many seeds', () => {
  it.each(seedsFrom(FIRST, LAST))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults } = await throttleChaos(seed);
    expect(faults).toEqual([]);
  });
});

describe('the rightsizer, over many seeds', () => {
  it.each(seedsFrom(FIRST, LAST))('(PRORATA_SIM_SEED=%i)', async (seed) => {
    const { faults } = await resizeChaos(seed);
    expect(faults).toEqual([]);
  });
});

describe('a quarter', () => {
  it('is wasted less by the rightsizer than by a planner, and refused less than by either', async () => {
    const runs: ClosedLoopRun[] = [];
    for (let seed = FIRST; seed < FIRST + QUARTERS; seed += 1) {
      for await (const run of runsOf({ seed, days: 91, window: 'month' })) runs.push(run);
    }
    process.stderr.write(reportOf(runs));
    const of = (arm: string, seed: number): ClosedLoopRun | undefined =>
      runs.find((run) => run.arm === arm && run.seed === seed);
    for (let seed = FIRST; seed < FIRST + QUARTERS; seed += 1) {
      const [planner, krr] = [of('static peak × 1.15', seed), of('KRR', seed)];
      const [ours, both] = [of('rightsizer', seed), of('both loops', seed)];
      expect(ours?.waste).toBeLessThan(planner?.waste ?? 0);
      expect(ours?.refused).toBeLessThan(planner?.refused ?? 0);
      expect(ours?.refused).toBeLessThan(krr?.refused ?? 0);
      expect(both?.overBudget).toBeLessThan(ours?.overBudget ?? 0);
    }
  });
});
