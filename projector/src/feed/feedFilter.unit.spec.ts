import { describe, expect, it } from 'vitest';
import type { FeedEvent } from './feedEvent.ts';
import { toldOf } from './feedFilter.ts';
import type { FeedFilter } from './feedFilter.ts';

const all: FeedFilter = {
  reach: 'everywhere',
  application: null,
  within: null,
  owner: null,
  project: null,
  types: null,
};
const event = (quotaId: string | null, change: Partial<FeedEvent> = {}): FeedEvent => ({
  offset: 1n,
  type: 'QuotaChanged',
  application: 'moka',
  quotaId,
  movedTo: null,
  streamVersion: 2n,
  project: null,
  told: {},
  belongings: null,
  ...change,
});
const isTold = (each: FeedEvent, filter: Partial<FeedFilter>): boolean =>
  toldOf(each, { ...all, ...filter }) !== null;

describe('who is told of an event', () => {
  it('is whoever asks for its application, its type or a tree in which its quota lies', () => {
    const changed = event('moka/prod/ads');
    expect(isTold(changed, {})).toBe(true);
    expect(isTold(changed, { application: 'moka' })).toBe(true);
    expect(isTold(changed, { application: 'tidb' })).toBe(false);
    expect(isTold(changed, { types: new Set(['QuotaChanged']) })).toBe(true);
    expect(isTold(changed, { types: new Set(['QuotaDeleted']) })).toBe(false);
    expect(isTold(changed, { within: 'moka/prod' })).toBe(true);
    expect(isTold(changed, { within: 'moka/pro' })).toBe(false);
  });

  it('is whoever stands below it, where it reaches what is below', () => {
    const within = 'moka/prod/ads/etl';
    expect(isTold(event('moka/prod'), { within })).toBe(true);
    expect(isTold(event('moka/prod', { type: 'ProposalOpened' }), { within })).toBe(false);
    expect(isTold(event('moka/prod/other'), { within })).toBe(false);
  });

  it('is nobody who may not read the quota, nor of another stream anybody', () => {
    expect(isTold(event('moka/prod'), { reach: ['moka/prod/ads'] })).toBe(false);
    expect(isTold(event(null), { reach: ['moka/prod'] })).toBe(false);
    expect(isTold(event(null), { reach: ['moka'] })).toBe(true);
    expect(isTold(event(null, { application: null }), {})).toBe(false);
  });

  it('hears of a move by the side that it may see', () => {
    const move = event('moka/a/x', { type: 'QuotaMoved', movedTo: 'moka/b/x' });
    const told = (reach: readonly string[]) => toldOf(move, { ...all, reach });
    expect(told(['moka'])).toEqual({ quotaId: 'moka/a/x', movedTo: 'moka/b/x' });
    expect(told(['moka/a'])).toEqual({ quotaId: 'moka/a/x', movedTo: null });
    expect(told(['moka/b'])).toEqual({ quotaId: 'moka/b/x', movedTo: null });
    expect(isTold(move, { within: 'moka/b' })).toBe(true);
    expect(isTold(move, { within: 'moka/c' })).toBe(false);
  });

  it('is told of what an application grants a project by its name alone', () => {
    const entitled = event(null, { type: 'EntitlementSet', project: 'acme/x' });
    expect(isTold(entitled, { project: 'acme/x' })).toBe(true);
    expect(isTold(entitled, { project: 'acme/y' })).toBe(false);
    expect(isTold(entitled, { owner: 'team' })).toBe(false);
    expect(isTold(entitled, { within: 'moka/prod' })).toBe(false);
  });
});
