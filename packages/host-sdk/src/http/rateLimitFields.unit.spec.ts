import { parseList } from 'structured-headers';
import { expect, it } from 'vitest';
import type { LimitRoom } from '../decision/room.ts';
import { NEVER } from '../decision/verdict.ts';
import { rateLimitFields } from './rateLimitFields.ts';

const room = (others: Partial<LimitRoom>): LimitRoom => ({
  quotaId: 'moka/ads',
  resource: 'tokens',
  kind: 'rate',
  amount: 100,
  perMicros: 60_000_000,
  window: null,
  left: 50,
  moreInMicros: 30_000_000,
  ...others,
});

const linesOf = (others: Partial<LimitRoom>): (string | undefined)[] => {
  const fields = rateLimitFields([room(others)]);
  return [fields['RateLimit-Policy'], fields['RateLimit']];
};

it('writes a rate, a window and a concurrency limit in the draft’s own form', () => {
  expect(linesOf({})).toEqual(['"tokens";q=100;w=60', '"tokens";r=50;t=30']);
  const window = { kind: 'consumable', perMicros: null } as const;
  expect(linesOf({ ...window, window: 'P1D' })[0]).toBe('"tokens";q=100;w=86400');
  expect(linesOf({ ...window, window: 'P1M' })[0]).toBe('"tokens";q=100;w=2592000');
  expect(linesOf({ kind: 'concurrency', perMicros: null, moreInMicros: 10_000 })).toEqual([
    '"tokens";q=100;qu="concurrent-requests"',
    '"tokens";r=50;t=1',
  ]);
});

it('says of a period shorter than a second what a second gives, and of no burst more than a window', () => {
  expect(linesOf({ amount: 10, perMicros: 100_000, left: 500 })).toEqual([
    '"tokens";q=100;w=1',
    '"tokens";r=100;t=30',
  ]);
  expect(linesOf({ left: 1_000 })[1]).toBe('"tokens";r=100;t=30');
});

it('rounds times up, and says none where there is none', () => {
  expect(linesOf({ moreInMicros: 1 })[1]).toBe('"tokens";r=50;t=1');
  expect(linesOf({ moreInMicros: NEVER })[1]).toBe('"tokens";r=50');
  expect(linesOf({ moreInMicros: 0 })[1]).toBe('"tokens";r=50');
  expect(rateLimitFields([])).toEqual({});
});

it('is structured whatever a resource is called and however large a limit is', () => {
  const odd = room({ resource: 'to"ke\\ns\u00e9', amount: 2 ** 53 - 1, left: 2 ** 53 - 1 });
  const { 'RateLimit-Policy': policy, RateLimit: limit } = rateLimitFields([odd, room({})]);
  for (const line of [policy, limit]) {
    expect(parseList(line ?? '').map(([name]): unknown => name)).toEqual(['to"ke\\ns?', 'tokens']);
  }
  expect(policy).toContain(';q=999999999999999;');
});
