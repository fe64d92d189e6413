import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeStep } from '../decide/changeQuota.ts';
import { createStep } from '../decide/createQuota.ts';
import { takeStep } from '../decide/changeTree.ts';
import { deleteStep } from '../decide/deleteQuota.ts';
import { moveStep } from '../decide/moveQuota.ts';
import { TreeDraft } from '../decide/treeDraft.ts';
import type { ApplicationState } from '../model.ts';
import { stateFromText, stateToText } from '../snapshot.ts';
import { drawnSteps } from '../testing/drawnSteps.ts';
import { commandOf, startHistory, take } from '../testing/histories.ts';
import { ana } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import type { TestStream } from '../testing/stream.ts';
import { brokenRules } from '../testing/wholeTree.ts';
import { fitViolations } from '../validate/fit.ts';

const steps = drawnSteps(40);

const HISTORIES = 400;
const stateOf = (stream: TestStream): ApplicationState => stream.state as ApplicationState;

/** All that is kept, the sets of bounds and the ids written out. */
function keptSums(state: ApplicationState): unknown {
  const sums = [...state.sums].sort(([a], [b]) => (a < b ? -1 : 1));
  const held = [...state.held].sort(([a], [b]) => (a < b ? -1 : 1));
  const indexes = [state.paid, state.cut, state.attributes, state.suspended, state.rightsized].map(
    (index) => Object.fromEntries([...index].map(([key, ids]) => [key, [...ids]])),
  );
  return {
    indexes,
    users: Object.fromEntries(state.users),
    sums: sums.map(([id, tallies]) => [
      id,
      tallies.map((tally) => ({ ...tally, bounds: [...tally.bounds] })),
    ]),
    held,
  };
}

const sender = { actor: ana, roles: ['admin'], grants: [], groups: [] };
const terms = { path: '', sender, expectedVersion: null };

/** The step drafted without any verdict; null when it is wrong by itself, or changes no tree. */
function drafted(state: ApplicationState, body: CommandBody): TreeDraft | null {
  const draft = TreeDraft.probe(state);
  const faults = stepOf(draft, body);
  return faults === null || faults.length > 0 ? null : draft;
}

function stepOf(draft: TreeDraft, body: CommandBody): readonly unknown[] | null {
  switch (body.type) {
    case 'CreateQuota':
      return createStep(draft, body.data, terms);
    case 'ChangeQuota':
      return changeStep(draft, body.data, terms);
    case 'DeleteQuota':
      return deleteStep(draft, body.data, terms);
    case 'MoveQuota':
      return moveStep(draft, body.data, terms);
    case 'ChangeTree':
      return body.data.steps.flatMap((step, index) =>
        takeStep(draft, step, { ...terms, path: `/steps/${index}` }),
      );
    default:
      return null;
  }
}

describe('the sums and indexes kept of a tree, over random histories', () => {
  it('are those of the tree read anew', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const stream = startHistory();
        for (const step of history) {
          take(stream, step);
          const read = stateFromText(stateToText(stateOf(stream))) as ApplicationState;
          expect(keptSums(stateOf(stream))).toEqual(keptSums(read));
        }
      }),
      { numRuns: HISTORIES / 4 },
    );
  });

  it('give the verdict of a check of the whole resulting tree', () => {
    const verdicts = { holds: 0, broken: 0 };
    fc.assert(
      fc.property(steps, (history) => {
        const stream = startHistory();
        for (const step of history) {
          const body = commandOf(stream, step)?.body;
          const draft = body === undefined ? null : drafted(stateOf(stream), body);
          if (draft !== null) {
            const broken = brokenRules(draft.after);
            const violations = fitViolations(draft.change());
            verdicts[broken.length === 0 ? 'holds' : 'broken'] += 1;
            expect({ broken, isRefused: violations.length > 0, violations }).toEqual({
              broken,
              isRefused: broken.length > 0,
              violations,
            });
          }
          take(stream, step);
          expect(brokenRules(stateOf(stream))).toEqual([]);
        }
      }),
      { numRuns: HISTORIES },
    );
    // Otherwise the comparison would show nothing.
    expect(Math.min(verdicts.holds, verdicts.broken)).toBeGreaterThan(50);
  });
});
