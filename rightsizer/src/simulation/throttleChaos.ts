import { DisturbedRun } from './disturbedRun.ts';
import type { ChaosResult } from './disturbedRun.ts';
import { ThrottleLaws } from './throttleLaws.ts';
import { throttleProcess } from './throttleProcess.ts';
import type { Planting } from './throttleProcess.ts';
import { ThrottleWorld } from './throttleWorld.ts';

/** Eight a day: five weeks, so that windows of a week and of a month roll. */
const STEPS = 34 * 8;
/** Rests, a cool-down and every step of the deepest policy fit in. */
const QUIET_STEPS = 4 * 8;
/** Processes of the budget throttle in five virtual weeks in which everything happens to them. */
export async function throttleChaos(seed: number, plant: Planting = {}): Promise<ChaosResult> {
  const world = new ThrottleWorld(seed);
  const said = new Map<string, bigint>();
  const laws = new ThrottleLaws(world, said);
  const run = new DisturbedRun(world, said, () => throttleProcess(world, said, plant));
  for (let step = 0; step < STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.disturbed()));
    laws.check();
    const isFound = laws.faults.some((fault) => plant.found?.test(fault) ?? true);
    if (isFound) return { seed, faults: laws.faults, seen: laws.seen };
  }
  world.isQuiet = true;
  world.sinkAwayUntil = 0n;
  for (let step = 0; step < QUIET_STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.undisturbed(step === QUIET_STEPS - 1)));
    laws.check();
  }
  laws.settled();
  return { seed, faults: laws.faults, seen: laws.seen };
}
