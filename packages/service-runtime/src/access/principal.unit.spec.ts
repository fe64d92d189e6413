import { describe, expect, it } from 'vitest';
import { principalOf, streamOfScope } from './principal.ts';
import type { Claims } from './principal.ts';

const claims: Claims = {
  issuer: 'https://issuer.test',
  subject: 'u-1',
  kind: 'user',
  roles: ['operator'],
  grants: undefined,
  groups: undefined,
  application: undefined,
  endsAtMs: 5,
};
const of = (more: Partial<Claims>) => principalOf({ ...claims, ...more });

describe('a principal', () => {
  it('has the grants of its claims, in either form', () => {
    const grants = ['operator@moka/prod', { role: 'auditor', scope: 'organization:acme' }];
    expect(of({ grants }).grants).toEqual([
      { role: 'operator', scope: 'moka/prod' },
      { role: 'auditor', scope: 'organization:acme' },
    ]);
  });

  it('has its groups, and of its roles those that mean something here', () => {
    const made = of({ groups: ['group:ads'], roles: ['member', 'offline_access', 'member'] });
    expect(made).toMatchObject({ roles: ['member'], groups: ['group:ads'] });
  });

  it('is a robot by a grant alone as well', () => {
    expect(of({ kind: 'robot', roles: [], grants: ['robot@moka'] }).actor.kind).toBe('robot');
    expect(() => of({ roles: [], grants: ['robot@moka'] })).toThrow('needs the kind robot');
  });

  it.each<[string, Partial<Claims>]>([
    ['a grant without a scope', { grants: ['operator'] }],
    ['a grant of an unknown role', { grants: ['king@moka'] }],
    ['a grant over something that is no scope', { grants: ['operator@moka//x'] }],
    ['a grant that is a number', { grants: [5] }],
    ['a grant of no role', { grants: [{ scope: 'moka' }] }],
    ['grants that are no list', { grants: 'operator@moka' }],
    ['groups that are no list', { groups: 'group:ads' }],
    ['a group that is a number', { groups: [5] }],
    ['201 groups', { groups: Array.from({ length: 201 }, (_each, at) => `g${at}`) }],
    ['101 grants', { grants: Array.from({ length: 101 }, () => 'operator@moka') }],
    ['a group of 257 characters', { groups: ['g'.repeat(257)] }],
    ['an empty group', { groups: [''] }],
    ['a scope that is too long', { grants: [`operator@${'a/'.repeat(400)}a`] }],
  ])('is refused with %s', (_what, more) => {
    expect(() => of(more)).toThrow(expect.objectContaining({ status: 401, code: 'UNAUTHORIZED' }));
  });
});

describe('a scope', () => {
  it.each([
    ['moka', 'application:moka'],
    ['moka/prod/ads', 'application:moka'],
    ['organization:acme', 'organization:acme'],
  ])('%s lies in %s', (scope, stream) => {
    expect(streamOfScope(scope)).toBe(stream);
  });
});
