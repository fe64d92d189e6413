import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApplicationState, Decision } from '../model.ts';
import { ruleOf } from '../rules.ts';
import { stateToText } from '../snapshot.ts';
import { drawnSteps, drawnStep } from '../testing/drawnSteps.ts';
import { commandOf, startHistory, take } from '../testing/histories.ts';
import type { Step } from '../testing/histories.ts';
import { SECOND, rightsizer } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import type { TestStream } from '../testing/stream.ts';

const HISTORIES = 150;
const robot = { actor: rightsizer, roles: ['robot'] };
const robotRollout = {
  stages: [{ selector: { percent: 10, zones: [], hosts: [] }, bakeMicros: 600n * SECOND }],
  gate: null,
};

/** After the history, robots' resizes apply themselves: at once, or in stages. */
function streamAfter(history: readonly Step[], isStaged: boolean): TestStream {
  const stream = startHistory();
  for (const step of history) take(stream, step);
  const { checks, resources, version, meaningVersion, ...terms } = stateOf(stream).registration;
  [version, meaningVersion].forEach((each) => expect(each).toBeGreaterThan(0));
  stream.send({
    type: 'RegisterApplication',
    data: {
      ...terms,
      ...checks,
      resources: [...resources.values()],
      robotChanges: 'apply',
      robotRollout: isStaged ? robotRollout : null,
    },
  });
  return stream;
}

const stateOf = ({ state }: TestStream): ApplicationState => state as ApplicationState;

function rulesOf(stream: TestStream) {
  const state = stateOf(stream);
  return [...state.quotas.keys()].sort().map((quotaId) => ruleOf(state, quotaId));
}

/** The state, but for what a staged resize leaves to remember. */
const textOf = (stream: TestStream): string => {
  const state = stateOf(stream);
  const quotas = [...state.quotas].map(([id, quota]) => [id, { ...quota, rolledBack: null }]);
  return stateToText({ ...state, quotas: new Map(quotas as []) });
};

const codesOf = (decision: Decision): readonly string[] =>
  decision.kind === 'refused' ? decision.violations.map(({ code }) => code) : [];

describe('after any history, a staged resize', () => {
  it('promoted is the resize at once; rolled back, it never was; refused alike', () => {
    let staged = 0;
    const property = fc.property(drawnSteps(25), drawnStep, (history, drawn) => {
      const atOnce = streamAfter(history, false);
      const promoted = streamAfter(history, true);
      const rolledBack = streamAfter(history, true);
      const resize = commandOf(atOnce, { ...drawn, action: 'propose' })?.body as CommandBody;
      const decision = atOnce.send(resize, robot);
      const began = promoted.send(resize, robot);
      expect(codesOf(began)).toEqual(codesOf(decision));
      const [first] = began.kind === 'accepted' ? began.events : [];
      if (first?.type !== 'RolloutStarted') return;
      staged += 1;
      expectCandidates(promoted, atOnce);

      const before = textOf(rolledBack);
      rolledBack.send(resize, robot);
      const on = { rolloutId: first.data.rolloutId, evidence: null };
      rolledBack.send({ type: 'RollBackRollout', data: on }, { roles: ['admin'] });
      expect(textOf(rolledBack)).toBe(before);

      promoted.advanceTo(promoted.now + 600n * SECOND);
      atOnce.advanceTo(promoted.now);
      promoted.send({ type: 'PromoteRollout', data: on }, robot);
      expect(rulesOf(promoted)).toEqual(rulesOf(atOnce));
    });
    fc.assert(property, { numRuns: HISTORIES });
    expect(staged).toBeGreaterThan(HISTORIES / 20);
  });
});

/** Hosts of the stage enforce meanwhile what all would by the resize at once. */
function expectCandidates(staged: TestStream, atOnce: TestStream): void {
  for (const rule of rulesOf(atOnce)) {
    const { candidate, limits } = ruleOf(stateOf(staged), rule.quotaId);
    expect(candidate?.limits ?? limits).toEqual(rule.limits);
  }
}
