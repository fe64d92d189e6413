import type { LoopCommand } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import type { Policy } from '../policy.ts';
import { Throttle } from '../throttle/throttle.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { LoopProcess } from './loopProcess.ts';
import type { ThrottleWorld } from './throttleWorld.ts';

/** Between looks are hours, so what production rests for minutes rests for hours. */
const HOUR_MS = 3_600_000;

export const throttlePolicy: Policy = {
  ...productionPolicy,
  throttle: {
    ...productionPolicy.throttle,
    evaluationMs: 3 * HOUR_MS,
    freshnessMs: 12 * HOUR_MS,
    escalationMs: 9 * HOUR_MS,
    cooldownMs: 24 * HOUR_MS,
    refusalRestMs: 6 * HOUR_MS,
  },
};

/** What is put in the place of a process's own, so that a law can be seen to fail. */
export interface Planting {
  readonly parts?: (parts: ThrottleParts, world: ThrottleWorld) => ThrottleParts;
  /** null: it is not posted, and counts as accepted. */
  readonly command?: (command: LoopCommand) => LoopCommand | null;
  /** What the law says that is to find it. */
  readonly found?: RegExp;
}

/** A process of the budget throttle. */
export function throttleProcess(
  world: ThrottleWorld,
  said: Map<string, bigint>,
  plant: Planting,
): LoopProcess {
  return new LoopProcess({
    world,
    said,
    command: plant.command,
    begin: (view, desk) => {
      const parts: ThrottleParts = {
        view,
        reader: world.table.reader(),
        ledger: world.table.ledger(view.view.ledger),
        freshness: world.table.freshness(),
        desk,
        policy: throttlePolicy,
      };
      const throttle = new Throttle(plant.parts?.(parts, world) ?? parts);
      return async (now) => {
        const { faults } = await throttle.evaluate(now);
        return faults.map(({ error }) => String(error));
      };
    },
  });
}
