import { DisturbedRun } from './disturbedRun.ts';
import type { ChaosResult } from './disturbedRun.ts';
import { ResizeLaws } from './resizeLaws.ts';
import { resizeProcess } from './resizeProcess.ts';
import type { ResizePlanting } from './resizeProcess.ts';
import { ResizeWorld } from './resizeWorld.ts';

/** A day's worth after each of which the laws are looked at; what nobody touches comes to rest within. */
const STEPS = 26 * 24;
const QUIET_STEPS = 24;

/** Processes of the rightsizer in four virtual weeks in which everything happens to them. */
export async function resizeChaos(seed: number, plant: ResizePlanting = {}): Promise<ChaosResult> {
  const world = new ResizeWorld(seed);
  const said = new Map<string, bigint>();
  const laws = new ResizeLaws(world, said);
  const run = new DisturbedRun(world, said, () => resizeProcess(world, said, plant));
  for (let step = 0; step < STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.disturbed()));
    laws.check();
    const isFound = laws.faults.some((fault) => plant.found?.test(fault) ?? true);
    if (isFound) return { seed, faults: laws.faults, seen: laws.seen };
  }
  world.sinkAwayUntil = 0n;
  for (let step = 0; step < QUIET_STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.undisturbed(step === QUIET_STEPS - 1)));
    laws.check();
  }
  return { seed, faults: laws.faults, seen: laws.seen };
}
