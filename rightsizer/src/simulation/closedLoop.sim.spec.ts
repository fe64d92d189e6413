import { describe, expect, it } from 'vitest';
import { arms, ClosedLoop } from './closedLoop.ts';
import type { ArmFigures } from './closedLoop.ts';
import { quarterDemand } from './quarterDemand.ts';
import { seedsFrom } from './simulationSeeds.ts';

/** Each night runs a quarter of more seeds. */
const SEEDS = 2;
/** Two weeks that are looked at, and two that are judged: in one the first cuts may take nothing that anybody uses. */
const DAYS = 28;

async function figuresOf(seed: number): Promise<ReadonlyMap<string, ArmFigures>> {
  const quotas = quarterDemand(seed, DAYS);
  const figures = new Map<string, ArmFigures>();
  for (const arm of arms) {
    const loop = new ClosedLoop({ seed, days: DAYS, window: 'week' }, arm, quotas);
    figures.set(arm.name, await loop.run());
  }
  return figures;
}

function of(figures: ReadonlyMap<string, ArmFigures>, name: string): ArmFigures {
  const found = figures.get(name);
  if (found === undefined) throw new RangeError(`There is no arm ${name}.`);
  return found;
}

describe('with hosts, callers who ask again, a sink that fails and late reports', () => {
  it.each(seedsFrom(1, SEEDS))(
    'the rightsizer wastes less than a planner and refuses less than KRR, and the throttle spends less (PRORATA_SIM_SEED=%i)',
    async (seed) => {
      const figures = await figuresOf(seed);
      const ours = of(figures, 'rightsizer');
      const planner = of(figures, 'static peak × 1.15');
      const krr = of(figures, 'KRR');
      expect(ours.waste).toBeLessThan(planner.waste);
      expect(ours.refused).toBeLessThan(krr.refused);
      expect(ours.short).toBeLessThan(krr.short);
      // The throttle does what it is there for, alone and beside the rightsizer, and costs some work.
      const held = of(figures, 'throttle');
      const both = of(figures, 'both loops');
      expect(held.overBudget).toBeLessThan(planner.overBudget);
      expect(both.overBudget).toBeLessThan(ours.overBudget);
      expect(held.cuts).toBeGreaterThan(0);
      expect(both.refused).toBeGreaterThan(ours.refused);
    },
  );

  it('comes to the same figures each time', async () => {
    const [arm] = arms.slice(-1);
    if (arm === undefined) throw new RangeError('There is no arm.');
    const terms = { seed: 3, days: 15, window: 'week' } as const;
    const run = (): Promise<ArmFigures> => new ClosedLoop(terms, arm, quarterDemand(3, 15)).run();
    expect(await run()).toEqual(await run());
  });
});
