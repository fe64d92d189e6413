import type { LoopCommand } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import type { Policy } from '../policy.ts';
import { Rightsizer } from '../resize/rightsizer.ts';
import type { RightsizerParts } from '../resize/rightsizer.ts';
import type { ProfilesAsked } from '../rollups/rolledUsage.ts';
import { LoopProcess } from './loopProcess.ts';
import type { ResizeWorld } from './resizeWorld.ts';
import { profilesFrom } from './simulatedProfiles.ts';

const HOUR_MS = 3_600_000;

/** As in production, but that hosts report by the hour, and a slot is two of them. */
export const resizePolicy: Policy = {
  ...productionPolicy,
  name: 'simulated',
  rightsizer: {
    ...productionPolicy.rightsizer,
    evaluationMs: HOUR_MS,
    slotMs: 2 * HOUR_MS,
    stepMs: HOUR_MS,
    settleMs: 0,
    freshnessMs: 6 * HOUR_MS,
    refusalRestMs: 2 * HOUR_MS,
  },
};

export interface ResizePlanting {
  readonly parts?: (parts: RightsizerParts, world: ResizeWorld) => RightsizerParts;
  /** null: it is not posted, and counts as accepted. */
  readonly command?: (command: LoopCommand) => LoopCommand | null;
  /** What the law says that is to find it. */
  readonly found?: RegExp;
}

/** A process of the rightsizer. */
export function resizeProcess(
  world: ResizeWorld,
  said: Map<string, bigint>,
  plant: ResizePlanting,
): LoopProcess {
  return new LoopProcess({
    world,
    said,
    command: plant.command,
    begin: (view, desk) => {
      const parts: RightsizerParts = {
        view,
        reader: world.table.reader(),
        rollups: rollupsOf(world),
        freshness: world.table.freshness(),
        desk,
        policy: resizePolicy,
      };
      const rightsizer = new Rightsizer(plant.parts?.(parts, world) ?? parts);
      return async (now) => {
        await rightsizer.evaluate(now);
        return [];
      };
    },
  });
}

/** By the version that is asked. */
export function rollupsOf(world: ResizeWorld, ahead = 0n): RightsizerParts['rollups'] {
  const usage = (version: number): ReturnType<RightsizerParts['rollups']['at']> => ({
    async *profiles(asked: ProfilesAsked) {
      await Promise.resolve();
      const rows = ahead === 0n ? world.table.rowsOf(version) : world.table.rows;
      yield profilesFrom(rows, { ...asked, to: asked.to + ahead });
    },
  });
  return {
    of: (table) => Promise.resolve(usage(table.version)),
    at: (table) => usage(table.version),
  };
}
