import { effectiveLimits } from '@prorata/quota-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnSteps } from '../../../packages/quota-model/src/testing/drawnSteps.ts';
import {
  payerLevels,
  startHistory,
  take,
} from '../../../packages/quota-model/src/testing/histories.ts';
import { effectiveJson } from '../rows/effectiveJson.ts';
import type { EffectiveJson } from '../rows/effectiveJson.ts';
import { decidingLayer, sentenceFor } from './sentence.ts';

/** What stands in a sentence where a form of a limit was forgotten. */
const SLIPS = /undefined|null|NaN|\[object| {2}|\.\.|\.”\./;

/** As it comes back from a column of jsonb: members that are not there are not there. */
const stored = (effective: EffectiveJson): EffectiveJson =>
  JSON.parse(JSON.stringify(effective)) as EffectiveJson;

describe('why a limit is in force, over random histories', () => {
  it('can be said of every limit of every quota at every moment', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(drawnSteps(30), fc.constantFrom(...payerLevels), (history, level) => {
        const stream = startHistory(level);
        for (const step of history) {
          take(stream, step);
          const { state } = stream;
          if (state?.kind !== 'application') throw new TypeError('The history has no tree.');
          for (const [quotaId, { content }] of state.quotas) {
            for (const each of effectiveLimits(state, quotaId)) {
              const effective = stored(effectiveJson(each));
              const context = { quotaId, tier: content.tier, unit: 'token' };
              const sentence = sentenceFor(effective, context);
              expect(sentence).toMatch(/^(blocked|not limited|limited to [\d,]+ tokens?).*[^.]\.$/);
              expect(sentence).not.toMatch(SLIPS);
              seen.add(`${each.limit.kind} ${sentence.split(' ')[0]}`);
              seen.add(decidingLayer(effective, quotaId)?.layer ?? 'none');
              if (sentence.includes('suspension')) seen.add('suspension');
            }
          }
        }
      }),
      { numRuns: 60 },
    );
    const kinds = ['rate', 'capacity', 'consumable', 'concurrency'];
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...kinds.flatMap((kind) => [`${kind} limited`, `${kind} blocked`]),
        ...['base', 'rightsized', 'haircut', 'override', 'ancestor', 'suspension'],
      ]),
    );
  }, 60_000);
});
