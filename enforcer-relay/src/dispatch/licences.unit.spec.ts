import { describe, expect, it } from 'vitest';
import { licencesIn, loosenedBy, mostOf } from './licences.ts';
import { capacity, dispatchedSet, ratePerSecond, resource } from './testing/dispatchedSets.ts';

const resources = [resource('cores', 'capacity', 'milli-vcore'), resource('ru', 'rate', 'unit')];
const set = dispatchedSet('moka', resources, {
  'moka/a': { limits: [capacity('cores', 5n), ratePerSecond('ru', 'blocked')] },
  'moka/b': { limits: [capacity('cores', 'unlimited')] },
  'moka/c': { limits: [capacity('cores', 5n)], rule: { mode: 'shadow' } },
});
const held = (quotaId: string, most: bigint | 'unlimited', of = 'cores') => ({
  quotaId,
  resource: of,
  most,
});

describe('a text that lets through more than is meant', () => {
  it('is told, by quota and resource', () => {
    expect(licencesIn([held('moka/a', 5n), held('moka/b', 'unlimited')], set)).toEqual([]);
    expect(licencesIn([held('moka/a', 6n), held('moka/a', 'unlimited')], set)).toHaveLength(2);
    expect(licencesIn([held('moka/a', 1n, 'ru')], set)).toEqual([
      'moka/a: ru would be 1 at the target, where 0 holds.',
    ]);
  });

  it('may hold the least that a target can, where less is meant', () => {
    expect(licencesIn([{ ...held('moka/a', 1n, 'ru'), least: 1n }], set)).toEqual([]);
    expect(licencesIn([{ ...held('moka/a', 2n, 'ru'), least: 1n }], set)).toHaveLength(1);
  });

  it('is nothing where hosts are not to enforce either', () => {
    expect(licencesIn([held('moka/c', 'unlimited')], set)).toEqual([]);
  });

  it('is told twenty times at most', () => {
    const many = Array.from({ length: 50 }, () => held('moka/a', 'unlimited'));
    expect(licencesIn(many, set)).toHaveLength(20);
  });
});

describe('a bound that is gone', () => {
  const former = [held('moka/a', 9n, 'gpus'), held('moka/b', 9n), held('moka/gone', 9n)];

  it('is told where nobody said unlimited, and not of a quota that is gone', () => {
    expect(loosenedBy([held('moka/b', 'unlimited')], former, set)).toEqual([
      'moka/a: gpus was 9 at the target and is unset now; say unlimited if that is meant.',
    ]);
  });
});

describe('the most of a limit', () => {
  it('is of a rate in whole micro-units a second, rounded down', () => {
    expect(mostOf({ ...ratePerSecond('ru', 1n), perMicros: 3_000_000n })).toBe(333_333n);
    expect(mostOf(ratePerSecond('ru', 2n))).toBe(2_000_000n);
  });
});
