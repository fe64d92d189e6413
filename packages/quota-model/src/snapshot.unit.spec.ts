import { describe, expect, it } from 'vitest';
import { UnreadableState } from './faults.ts';
import { stateFromText, stateToText } from './snapshot.ts';
import { stateAfter } from './testing/given.ts';
import { created, haircutApplied, registered, tokens } from './testing/samples.ts';

describe('a state as text', () => {
  it('comes back equal, amounts above 2^53 and labels with a dollar included', () => {
    const labels = { $n: '5', $$m: 'x', ['__proto__']: 'y', plain: 'z' };
    const state = stateAfter(
      'application:moka',
      registered,
      created('moka/prod', [tokens(9_007_199_254_740_993n)], { labels, project: 'acme/a' }),
      created('moka/prod/ads'),
      haircutApplied('moka/prod', 1_000),
    )!;
    const back = stateFromText(stateToText(state));
    expect(back).toEqual(state);
    expect(stateToText(back)).toBe(stateToText(state));
  });

  it('is the same whatever the order of events was', () => {
    const a = created('moka/a');
    const b = created('moka/b');
    const text = (...facts: (typeof a)[]): string =>
      stateToText(stateAfter('application:moka', registered, ...facts)!).replaceAll(
        /"(streamVersion|commandId)":("[^"]*"|\{"\$n":"\d+"\})/g,
        '',
      );
    expect(text(a, b)).toBe(text(b, a));
  });

  it.each(['', '{', 'null', '[]', '{"kind":"quota"}', '{"$n":"x"}', '{"$m":5}'])(
    'is not %j',
    (text) => {
      expect(() => stateFromText(text)).toThrow(UnreadableState);
    },
  );
});
