import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import { stateAfter } from '../testing/given.ts';
import {
  cores,
  created,
  credits,
  registered,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { oversubscriptionOf } from './oversubscription.ts';

const state = stateAfter(
  'application:moka',
  registered,
  created('moka/prod', [
    cores(100n, 100n),
    credits(9n),
    sessions(3n),
    tokens(600n, { perMicros: 60_000_000n }),
  ]),
  created('moka/prod/ads', [cores(0n, 90n), credits(3n), tokens(10n)]),
  created('moka/prod/open'),
  created('moka/prod/open/etl', [
    cores(0n, 60n),
    credits(6n),
    tokens(300n, { perMicros: 60_000_000n }),
  ]),
  created('moka/free', [
    unbounded(cores(0n, 1n), 'unlimited'),
    unbounded(sessions(1n), 'unlimited'),
  ]),
  created('moka/free/x', [sessions(5n)]),
) as ApplicationState;

describe('oversubscription', () => {
  it('is the sum of the maxima below over the own, in basis points rounded up, rates per second', () => {
    expect(oversubscriptionOf(state, 'moka/prod')).toEqual([
      { resource: 'cores', basisPoints: 15_000 },
      { resource: 'credits', basisPoints: 10_000 },
      { resource: 'tokens', basisPoints: 15_000 },
    ]);
  });

  it('is of what is given out alone, and of what has a number', () => {
    expect(oversubscriptionOf(state, 'moka/prod/ads')).toEqual([]);
    expect(oversubscriptionOf(state, 'moka/free')).toEqual([]);
    expect(oversubscriptionOf(state, 'moka/nowhere')).toEqual([]);
  });

  it('has no number when something below has none', () => {
    expect(oversubscriptionOf(state, 'moka')).toEqual([{ resource: 'cores', basisPoints: null }]);
  });
});
