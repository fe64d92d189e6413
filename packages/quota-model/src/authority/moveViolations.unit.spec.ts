import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import { stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  cores,
  created,
  haircutApplied,
  overridden,
  registered,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { HOUR, START, ben } from '../testing/stamp.ts';
import { moveViolations } from './moveViolations.ts';
import type { Sender } from './sender.ts';

const tree: readonly Fact[] = [
  registered,
  created('moka/prod', [cores(40n, 80n), tokens(100n)], { owner: 'platform' }),
  created('moka/prod/ads', [cores(10n, 20n), tokens(40n)], { owner: 'team-ads' }),
  created('moka/prod/ads/etl', [cores(2n, 4n)], { owner: 'team-etl' }),
  created('moka/prod/ads/web', [], { owner: 'team-web' }),
  created('moka/prod/feed', [cores(20n, 40n), tokens(60n)], { owner: 'team-feed' }),
  created('moka/prod/tight', [cores(10n, 20n), tokens(10n)], { owner: 'team-tight' }),
  created('moka/test', [], { owner: 'platform', project: 'acme/test' }),
];
const state = stateAfter('application:moka', ...tree) as ApplicationState;
const member = (...groups: string[]): Sender => ({
  actor: ben,
  roles: ['member'],
  grants: [],
  groups,
});
const operator = (scope: string): Sender => ({
  ...member(),
  roles: [],
  grants: [{ role: 'operator', scope }],
});
const codes = (from: string, to: string, sender: Sender): string[] =>
  moveViolations(state, from, to, sender).map(({ code }) => code);

describe('a move', () => {
  it('is for who has the say at both ends', () => {
    const [from, to] = ['moka/prod/ads/web', 'moka/prod/tight/web'];
    expect(codes(from, to, member('team-ads'))).toEqual(['NOT_OWNER']);
    expect(codes(from, to, member('team-tight'))).toEqual(['NOT_OWNER']);
    expect(codes(from, to, member('team-other'))).toEqual(['NOT_OWNER', 'NOT_OWNER']);
    expect(codes(from, to, member('team-ads', 'team-tight'))).toEqual([]);
    expect(codes(from, to, member('platform'))).toEqual([]);
    expect(codes(from, to, operator('moka/prod'))).toEqual([]);
  });

  it('asks nobody at the parent that is left, where it holds no more than there', () => {
    const [from, to] = ['moka/prod/ads/web', 'moka/prod/tight/web'];
    expect(codes(from, to, member('team-web', 'team-tight'))).toEqual([]);
    expect(codes(from, 'moka/prod/feed/web', member('team-web', 'team-feed'))).toContain(
      'RAISE_NOT_ALLOWED',
    );
  });

  it('to looser limits is a raise by whoever is above both', () => {
    const [from, to] = ['moka/prod/ads/web', 'moka/prod/feed/web'];
    const both = member('team-ads', 'team-feed');
    expect(codes(from, to, both)).toEqual(['RAISE_NOT_ALLOWED', 'RAISE_NOT_ALLOWED']);
    const [first] = moveViolations(state, from, to, both);
    expect(first?.message).toContain('platform, the owner of moka/prod');
    expect(codes(from, to, member('platform'))).toEqual([]);
  });

  it('takes guarantees out of the new place: its owner gives them', () => {
    const [from, to] = ['moka/prod/ads/etl', 'moka/prod/tight/etl'];
    expect(codes(from, to, member('team-ads', 'team-tight'))).toEqual([]);
    // Out of moka/prod/ads, where team-etl owns nothing but what moves; into the first level.
    expect(codes(from, 'moka/test/etl', operator('moka/prod'))).toContain('NOT_OWNER');
    const reasons = moveViolations(state, from, 'moka/test/etl', member('platform'));
    expect(reasons.map(({ code }) => code)).toEqual([
      'RAISE_NOT_ALLOWED',
      'RAISE_NOT_ALLOWED',
      'RAISE_NOT_ALLOWED',
      'NOT_ALLOWED',
    ]);
    expect(reasons.at(-1)?.message).toContain('acme/test would pay in place of nobody');
    expect(codes(from, 'moka/test/etl', operator('moka'))).toEqual([]);
  });

  it('out from under an override that holds it back is a raise', () => {
    const suspended: Fact = {
      type: 'QuotaOverridden',
      data: {
        limits: [unbounded(tokens(1n), 'blocked')],
        until: START + HOUR,
        suspension: true,
        replacesOverride: false,
      },
      quotaId: 'moka/prod/ads',
    };
    const held = stateAfter('application:moka', ...tree, suspended) as ApplicationState;
    const move = (sender: Sender) =>
      moveViolations(held, 'moka/prod/ads/web', 'moka/prod/tight/web', sender);
    expect(move(member('team-ads', 'team-tight'))).toMatchObject([{ code: 'RAISE_NOT_ALLOWED' }]);
    expect(move(member('platform'))).toEqual([]);
  });

  it('below an override, where a cut of what it inherits ends, is a raise', () => {
    const looser = overridden('moka/prod/b', [tokens(99n)], START + HOUR);
    const facts = [
      registered,
      created('moka/prod', [], { owner: 'platform', project: 'acme/assistant' }),
      created('moka/prod/a', [tokens(100n)], { owner: 'team' }),
      created('moka/prod/a/x', [], { owner: 'team' }),
      created('moka/prod/a/x/q', [], { owner: 'team', tier: 4 }),
      created('moka/prod/b', [tokens(100n)], { owner: 'team' }),
    ] as const;
    const cut = haircutApplied('moka/prod/a/x/q', 9_000);
    const move = (sender: Sender, ...more: readonly Fact[]) =>
      moveViolations(
        stateAfter('application:moka', ...facts, ...more) as ApplicationState,
        'moka/prod/a/x',
        'moka/prod/b/x',
        sender,
      );
    const [refused, ...others] = move(member('team'), cut, looser);
    expect(refused).toMatchObject({ code: 'RAISE_NOT_ALLOWED' });
    expect(refused?.message).toContain("out of a budget's cut, 10 per second to 99 per second");
    expect(others).toEqual([]);
    expect(move(member('platform'), cut, looser)).toEqual([]);
    expect(move(member('team'), cut)).toEqual([]);
    expect(move(member('team'), looser)).toEqual([]);
  });
});
