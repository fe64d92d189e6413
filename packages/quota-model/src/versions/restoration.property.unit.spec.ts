import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import { contentsByQuota } from '../testing/contentHistory.ts';
import { drawnStep } from '../testing/drawnSteps.ts';
import { startHistory, take } from '../testing/histories.ts';
import { ben } from '../testing/stamp.ts';
import { canonicalContent } from './contentHash.ts';
import { VERSIONS_KEPT_MAX } from './keptVersions.ts';

const HISTORIES = 150;

describe('after any history', () => {
  it('each of the last versions of every quota can be told, and brought back exactly or refused as a change', () => {
    let restored = 0;
    fc.assert(
      fc.property(
        fc.array(drawnStep, { minLength: 5, maxLength: 40 }),
        fc.nat(),
        (history, choice) => {
          const stream = startHistory();
          for (const each of history) take(stream, each);
          for (const [quotaId, contents] of contentsByQuota(stream.events)) {
            const kept = contents.slice(-VERSIONS_KEPT_MAX);
            const chosen = kept[choice % kept.length];
            if (chosen === undefined) continue;
            const before = (stream.state as ApplicationState).quotas.get(quotaId);
            const decision = stream.send(
              {
                type: 'RestoreQuota',
                data: { quotaId, version: chosen.since, content: chosen.content },
              },
              { roles: ['admin'], actor: ben },
            );
            if (decision.kind === 'refused') {
              const codes = decision.violations.map(({ code }) => code);
              expect(codes).not.toContain('CONTENT_MISMATCH');
              expect(codes).not.toContain('VERSION_NOT_KEPT');
              expect(codes).not.toContain('VERSION_UNKNOWN');
              continue;
            }
            // Above the threshold it waits for a second person: nothing is restored yet.
            if (decision.result !== null) continue;
            if (decision.events.length > 0) restored += 1;
            const after = (stream.state as ApplicationState).quotas.get(quotaId);
            const { owner, project } = before?.content ?? chosen.content;
            expect(canonicalContent(after?.content ?? chosen.content)).toBe(
              canonicalContent({ ...chosen.content, owner, project }),
            );
          }
        },
      ),
      { numRuns: HISTORIES },
    );
    expect(restored).toBeGreaterThan(HISTORIES / 10);
  });
});
