import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../decide.ts';
import { UnreadableState } from '../faults.ts';
import { evolve } from '../evolve.ts';
import type { ApplicationState, StreamState } from '../model.ts';
import { stateFromText, stateToText } from '../snapshot.ts';
import { crossing, rehearsal } from '../testing/cutSamples.ts';
import { stateAfter } from '../testing/given.ts';
import { drawnSteps } from '../testing/drawnSteps.ts';
import { commandOf, startHistory, take } from '../testing/histories.ts';
import { budgetDefined } from '../testing/organizationSamples.ts';
import { created, registered, tokens } from '../testing/samples.ts';
import { DAY, START, stampCommand } from '../testing/stamp.ts';
import { StateAssembly } from './stateAssembly.ts';
import { stateEntries } from './stateEntries.ts';

const steps = drawnSteps(30);
const share = { application: 'moka', resource: 'tokens', basisPoints: 10_000 };

function readAgain(state: StreamState, partsMax?: number): StreamState {
  const assembly = new StateAssembly();
  for (const entry of stateEntries(state, partsMax)) assembly.add(JSON.parse(entry));
  return assembly.finish();
}

const tree = (...quotas: Parameters<typeof created>[]): ApplicationState =>
  stateAfter(
    'application:moka',
    registered,
    ...quotas.map((quota) => created(...quota)),
  ) as ApplicationState;

describe('a state as entries', () => {
  it('comes back equal, its sums too, and goes on as the first would', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (history, from) => {
        const stream = startHistory();
        for (const step of history) take(stream, step);
        const { events } = stream;
        const at = 1 + (from % (events.length - 1));
        let state: StreamState = evolve(null, events[0]!);
        for (const event of events.slice(1, at)) state = evolve(state, event);
        let back = readAgain(state);
        expect(back).toEqual(state);
        expect(stateToText(back)).toBe(stateToText(state));
        for (const event of events.slice(at)) back = evolve(back, event);
        expect(back).toEqual(stream.state);
      }),
      { numRuns: 150 },
    );
  });

  it('decides every command as the first would, to the words of a refusal', () => {
    fc.assert(
      fc.property(drawnSteps(40), (history) => {
        const stream = startHistory();
        for (const step of history) {
          const command = commandOf(stream, step);
          if (command !== null && stream.state !== null) {
            const message = stampCommand(stream.stream, command.body, command.sender);
            const context = { now: stream.now, streamVersion: stream.version };
            const decision = decide(readAgain(stream.state), message, context);
            expect(decision).toEqual(decide(stream.state, message, context));
          }
          take(stream, step);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('holds what the budgets of an organization have told, and who keeps them from cutting', () => {
    const state = stateAfter(
      'organization:acme',
      budgetDefined({ mode: 'dry_run', split: [share], thresholds: [crossing] }),
      { type: 'BudgetThresholdCrossed', data: crossing },
      { type: 'CutRehearsed', data: rehearsal },
      { type: 'BudgetOverridden', data: { budgetId: 'monthly', until: START + DAY } },
    );
    if (state === null) throw new TypeError('There is no organization.');
    expect(readAgain(state)).toEqual(state);
    expect(stateFromText(stateToText(state))).toEqual(state);
  });

  it('keeps amounts above 2^53 and labels with a dollar', () => {
    const labels = { $n: '5', $$m: 'x', ['__proto__']: 'y', plain: 'z' };
    const state = tree(['moka/prod', [tokens(9_007_199_254_740_993n)], { labels }]);
    expect(readAgain(state)).toEqual(state);
  });

  it('says equal contents once, and holds them once', () => {
    const names = Array.from({ length: 50 }, (_, index) => `moka/q${index}`);
    const state = tree(...names.map((name) => [name, [tokens(5n)]] as [string, never[]]));
    const entries = [...stateEntries(state)];
    const kinds = entries.map((entry) => (JSON.parse(entry) as [string])[0]);
    expect(kinds.filter((kind) => kind === 'frame' || kind === 'limit')).toHaveLength(2);
    const back = readAgain(state) as ApplicationState;
    const contents = [...back.quotas.values()].map(({ content }) => content);
    expect(new Set(contents).size).toBe(1);
  });

  it('holds more different parts than are numbered', () => {
    const state = tree(['moka/prod', [tokens(1n)]]);
    const sample = state.quotas.get('moka/prod')!;
    for (let number = 0; number < 25; number++) {
      const limits = [tokens(BigInt(number) + 10n)];
      const quotaId = `moka/q${number}`;
      const content = { ...sample.content, limits, owner: `group:${number}` };
      const declared = { ...sample.declared, reason: `reason ${number}` };
      state.quotas.set(quotaId, { ...sample, quotaId, content, declared });
    }
    const back = readAgain(state, 10) as ApplicationState;
    expect(back.quotas).toEqual(state.quotas);
  });

  it.each([
    [[]],
    [['nonsense', 1]],
    [['state', { kind: 'quota' }]],
    [['q', 'moka/a', 1, 0, [], 0, 0, null, 1, 1, null]],
    [['m', 'quotas', 'a', 1]],
  ])('is not %j', (entry) => {
    const assembly = new StateAssembly();
    expect(() => assembly.add(entry)).toThrow(UnreadableState);
    expect(() => assembly.finish()).toThrow(UnreadableState);
  });

  it('is not what names parts or fields that are not there', () => {
    const assembly = new StateAssembly();
    const [first] = stateEntries(tree());
    assembly.add(JSON.parse(first!));
    expect(() => assembly.add(['q', 'moka/a', 1, 7, [], 0, 0, null, 1, 1, null])).toThrow(
      UnreadableState,
    );
    expect(() => assembly.add(['m', 'nothing', 'a', 1])).toThrow(UnreadableState);
  });
});
