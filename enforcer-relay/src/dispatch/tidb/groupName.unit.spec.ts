import { groupPrefixOf, isGroupPrefix } from '@prorata/quota-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GROUP_NAME_BYTES_MAX, groupNameOf } from './groupName.ts';

const settings = {};

// Few letters and short segments, so that ids that differ by a hyphen or a slash alone do come.
const segments = fc.oneof(
  fc.stringMatching(/^[ab]([ab-]{0,3}[ab])?$/),
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
);
const ids = fc
  .array(segments, { minLength: 1, maxLength: 7 })
  .map((path) => ['orders', ...path].join('/'));
const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,5})?__$/).filter(isGroupPrefix);

describe('the name of a resource group', () => {
  it.each([
    ['orders/prod', 'pr_orders__prod'],
    ['orders/prod/ads-search', 'pr_orders__prod__ads_search'],
    ['orders/prod/ads--search', 'pr_orders__ads__searc$alabxissd5'],
    ['orders/production/advertising-search', 'pr_orders__advertisin$twqtfz4cfw'],
  ])('of %s is %s for ever: groups keep their users by it', (quotaId, name) => {
    expect(groupNameOf('pr_orders__', quotaId)).toBe(name);
  });

  it('fits TiDB, can stand in SQL without quotes, and begins with what marks it as ours', () => {
    fc.assert(
      fc.property(prefixes, ids, (prefix, quotaId) => {
        const name = groupNameOf(prefix, quotaId);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(GROUP_NAME_BYTES_MAX);
        expect(name).toMatch(/^[a-z][a-z0-9_$]*$/);
        expect(name.startsWith(prefix) && name.length > prefix.length).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is one for each quota', () => {
    fc.assert(
      fc.property(prefixes, fc.uniqueArray(ids, { maxLength: 200 }), (prefix, quotaIds) => {
        const names = new Set(quotaIds.map((quotaId) => groupNameOf(prefix, quotaId)));
        expect(names.size).toBe(quotaIds.length);
      }),
      { numRuns: 200 },
    );
  });

  it('is never one for two, where ids differ by what a name cannot say', () => {
    const alike = ['a-b', 'a/b', 'a--b', 'a---b', 'a/b-c', 'a-b/c'];
    const names = alike.map((path) => groupNameOf('pr_orders__', `orders/${path}`));
    expect(new Set(names).size).toBe(alike.length);
  });

  it.each(['orders', 'a', 'twelve-chars'.slice(0, 11)])('has a prefix for %s', (application) => {
    expect(groupPrefixOf(settings, application)).toBe(`pr_${application.replace('-', '_')}__`);
  });

  it.each([
    ['twelve-chars', 'pr_twe'],
    ['a--b', 'pr_ab'],
    ['a'.repeat(63), 'pr_aaa'],
  ])('has a hashed one for %s, until another is said', (application, beginning) => {
    const prefix = groupPrefixOf(settings, application);
    expect(isGroupPrefix(prefix)).toBe(true);
    expect(prefix).toMatch(new RegExp(`^${beginning}[a-z2-7]{8}__$`));
    expect(groupPrefixOf({ ...settings, prefix: 'pr_mine__' }, application)).toBe('pr_mine__');
  });

  it('has a prefix that begins no other prefix, so that nobody drops what is another’s', () => {
    fc.assert(
      fc.property(prefixes, prefixes, ids, (one, other, quotaId) => {
        if (one === other) return;
        expect(groupNameOf(one, quotaId).startsWith(other)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['pr_', 'pr__x__', '__', '1a__', 'PR__', 'pr-a__', `${'a'.repeat(15)}__`])(
    'takes %s for no prefix',
    (prefix) => {
      expect(isGroupPrefix(prefix)).toBe(false);
    },
  );
});
