import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolve } from '../evolve.ts';
import type { StreamState } from '../model.ts';
import { stateFromText, stateToText } from '../snapshot.ts';
import { drawnSteps } from '../testing/drawnSteps.ts';
import { startHistory, take } from '../testing/histories.ts';
import { foldBack, fork } from './fork.ts';

const steps = drawnSteps(30);

const copyOf = (state: StreamState): StreamState => stateFromText(stateToText(state));

describe('a fork, over random histories', () => {
  it('evolves as a copy would, while its base stays, and folds back to what the base would be', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), (history, from, via) => {
        const stream = startHistory();
        for (const step of history) take(stream, step);
        const { events } = stream;
        const at = 1 + (from % (events.length - 1));
        let base: StreamState = evolve(null, events[0]!);
        for (const event of events.slice(1, at)) base = evolve(base, event);
        const before = stateToText(base);
        const direct = copyOf(base);
        const lower = fork(base);
        // Half of the events on a fork of the fork.
        const split = at + (via % (events.length - at + 1));
        for (const event of events.slice(at, split)) evolve(lower, event);
        const upper = fork(lower);
        const middle = stateToText(lower);
        for (const event of events.slice(split)) evolve(upper, event);
        for (const event of events.slice(at)) evolve(direct, event);
        expect(stateToText(upper)).toBe(stateToText(direct));
        expect(stateToText(lower)).toBe(middle);
        expect(stateToText(base)).toBe(before);
        foldBack(lower, upper);
        expect(stateToText(lower)).toBe(stateToText(direct));
        expect(stateToText(base)).toBe(before);
        const folded = foldBack(base, lower);
        expect(folded).toEqual(direct);
        expect(folded).toEqual(stream.state);
      }),
      { numRuns: 150 },
    );
  });

  it('is folded into no other state', () => {
    const stream = startHistory();
    const forked = fork(stream.state!);
    expect(() => foldBack(copyOf(stream.state!), forked)).toThrow(TypeError);
  });
});
