import type { RightsizerParts } from '../resize/rightsizer.ts';
import { overlaid } from './overlaid.ts';
import type { ResizePlanting } from './resizeProcess.ts';
import { rollupsOf } from './resizeProcess.ts';
import { resizedApplications } from './resizeWorld.ts';
import { HOUR } from './simulatedWorld.ts';

type PlantedResize = Required<Pick<ResizePlanting, 'found'>> & ResizePlanting;
type Terms = RightsizerParts['policy']['rightsizer'];

function policyWith(found: RegExp, change: (terms: Terms) => Partial<Terms>): PlantedResize {
  return {
    found,
    parts: (parts) => {
      const { rightsizer } = parts.policy;
      const changed = { ...rightsizer, ...change(rightsizer) };
      return { ...parts, policy: { ...parts.policy, rightsizer: changed } };
    },
  };
}

function sizingWith(found: RegExp, change: Partial<Terms['sizing']['serving']>): PlantedResize {
  return policyWith(found, ({ sizing }) => ({
    sizing: {
      batch: { ...sizing.batch, ...change },
      serving: { ...sizing.serving, ...change },
      guaranteed: { ...sizing.guaranteed, ...change },
    },
  }));
}

/**
 * Each is a rightsizer with one guard less; the laws must find it, by the law that is about it. Where the model guards as well (cuts, pins, other
 * layers, a change decided twice), one less is not seen: the writer refuses.
 */
export const plantedResizes: Readonly<Record<string, PlantedResize>> = {
  'no dry run': policyWith(/before its dry run/, () => ({ rehearsalMs: 0 })),
  'no dwell': sizingWith(/soon after the last change/, { dwellSlots: 0 }),
  'steps as long as it likes': sizingWith(/in one step/, { raiseFactor: 50 }),
  'lowerings as deep as it likes': sizingWith(/in one step/, { lowerFactor: 0.01 }),
  'no end to what it raises to': sizingWith(/beyond all that was ever wanted/, {
    sanityFactor: 50,
    margin: 4,
  }),
  'eyes for the last hour alone': sizingWith(/should have come to rest/, {
    ...{ seasonWeight: 0, levelSlots: 1, recentSlots: 0, agreementSlots: 0, highestMargin: 0 },
    ...{ margin: 0.5, lowerDeadband: 0 },
  }),
  // No further than some of the newest steps are there already: of what is not known at all nothing follows.
  'the demand of the next hours': {
    found: /knows the future/,
    parts: (parts, world) => ({ ...parts, rollups: rollupsOf(world, 2n * HOUR) }),
  },
  'a table that is always fresh': {
    found: /has not read what came long ago/,
    parts: (parts, world) => ({
      ...parts,
      freshness: { look: () => Promise.resolve(), caughtUpAt: () => world.now },
      reader: {
        async newest() {
          const table = await parts.reader.newest();
          const fresh = new Map(resizedApplications.map((id) => [id, world.now]));
          return table && overlaid(table, { newestUsage: () => Promise.resolve(fresh) });
        },
      },
    }),
  },
};
