import type { RightsizerParts } from '../resize/rightsizer.ts';
import { overlaid } from './overlaid.ts';
import type { ResizePlanting } from './resizeProcess.ts';
import { rollupsOf } from './resizeProcess.ts';
import { resizedApplications } from './resizeWorld.ts';
import { HOUR } from './simulatedWorld.ts';

type Terms = RightsizerParts['policy']['rightsizer'];

function policyWith(change: (terms: Terms) => Partial<Terms>): ResizePlanting {
  return {
    parts: (parts) => {
      const { rightsizer } = parts.policy;
      const changed = { ...rightsizer, ...change(rightsizer) };
      return { ...parts, policy: { ...parts.policy, rightsizer: changed } };
    },
  };
}

function sizingWith(change: Partial<Terms['sizing']['serving']>): ResizePlanting {
  return policyWith(({ sizing }) => ({
    sizing: {
      batch: { ...sizing.batch, ...change },
      serving: { ...sizing.serving, ...change },
      guaranteed: { ...sizing.guaranteed, ...change },
    },
  }));
}

/**
 * Each is a rightsizer with one guard less; the laws must find it. Where the model guards as well (cuts, pins, other
 * layers, a change decided twice), one less is not seen: the writer refuses.
 */
export const plantedResizes: Readonly<Record<string, ResizePlanting>> = {
  'no dry run': policyWith(() => ({ rehearsalMs: 0 })),
  'no dwell': sizingWith({ dwellSlots: 0 }),
  'steps as long as it likes': sizingWith({ raiseFactor: 50 }),
  'lowerings as deep as it likes': sizingWith({ lowerFactor: 0.01 }),
  'no end to what it raises to': sizingWith({ sanityFactor: 50, margin: 4 }),
  'eyes for the last hour alone': sizingWith({
    ...{ seasonWeight: 0, levelSlots: 1, recentSlots: 0, agreementSlots: 0, highestMargin: 0 },
    ...{ margin: 0.5, lowerDeadband: 0 },
  }),
  // No further than some of the newest steps are there already: of what is not known at all nothing follows.
  'the demand of the next hours': {
    parts: (parts, world) => ({ ...parts, rollups: rollupsOf(world, 2n * HOUR) }),
  },
  'a table that is always fresh': {
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
