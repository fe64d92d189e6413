import { expect, it } from 'vitest';
import { cohortOf, PriorityCut } from './priorityCut.ts';
import { TIERS } from './tierShares.ts';

const tiers = Array.from({ length: TIERS }, (_, tier) => tier);

/** How many of so many requests of each tier pass, after an interval of the same mix. */
function passed(share: number, each = 1_000): number[] {
  const cut = new PriorityCut();
  for (let count = 0; count < each; count += 1) for (const tier of tiers) cut.passes(tier, -1);
  cut.aim(share);
  const served = tiers.map(() => 0);
  for (let count = 0; count < each; count += 1) {
    for (const tier of tiers) if (cut.passes(tier, -1)) served[tier]! += 1;
  }
  return served;
}

it('turns the least protected away first, and then a part of the next', () => {
  expect(passed(1)).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(passed(0.5)[0]).toBe(1000);
  const [first, second, third, fourth, fifth] = passed(0.5) as [
    number,
    number,
    number,
    number,
    number,
  ];
  expect([first, second, fourth, fifth]).toEqual([1000, 1000, 0, 0]);
  expect(third).toBeGreaterThan(450);
  expect(third).toBeLessThan(550);
});

it('serves smoothly: one percent more share is one percent more requests, with no cliff', () => {
  const total = (share: number): number => passed(share).reduce((sum, each) => sum + each, 0);
  for (let percent = 1; percent < 100; percent += 1) {
    const step = total((percent + 1) / 100) - total(percent / 100);
    expect(Math.abs(step - 50)).toBeLessThan(40);
  }
});

it('serves the same callers of a tier while some are turned away', () => {
  const cut = new PriorityCut();
  const callers = Array.from({ length: 1_000 }, (_, index) => `caller-${index}`);
  for (const caller of callers) cut.passes(2, cohortOf(caller));
  cut.aim(0.3);
  const served = callers.filter((caller) => cut.passes(2, cohortOf(caller)));
  expect(served).toEqual(callers.filter((caller) => cut.passes(2, cohortOf(caller))));
  expect(served.length).toBeGreaterThan(240);
  expect(served.length).toBeLessThan(360);
});
