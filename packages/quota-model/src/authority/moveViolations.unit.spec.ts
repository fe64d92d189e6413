import { describe, expect, it } from 'vitest';
import type { ResourceLimit } from '@prorata/schemas';
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
import { COMPARISONS_PER_DECISION_MAX } from '../modelBounds.ts';
import { HOUR, SECOND, START, ben } from '../testing/stamp.ts';
import { Comparisons } from './comparisons.ts';
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

  it('out from under a cut of what is above it is a raise, whatever its own tier', () => {
    const apart = (tier: number, limits: readonly ResourceLimit[]) => [
      registered,
      created('moka/prod', [tokens(100n)], { owner: 'platform', project: 'acme/assistant' }),
      created('moka/prod/a', [tokens(100n)], { owner: 'team', tier: 4 }),
      created('moka/prod/a/q', limits, { owner: 'team', tier }),
      created('moka/prod/b', [tokens(100n)], { owner: 'team', tier: 0 }),
    ];
    const cuts = [haircutApplied('moka/prod/a', 5_000), haircutApplied('moka/prod/a/q', 2_000)];
    const move = (sender: Sender, ...facts: readonly Fact[]) =>
      moveViolations(
        stateAfter('application:moka', ...facts) as ApplicationState,
        'moka/prod/a/q',
        'moka/prod/b/q',
        sender,
      );
    const [protectedMost, least] = [apart(0, []), apart(3, [tokens(90n)])];
    for (const facts of [
      [...protectedMost, ...cuts.slice(0, 1)],
      [...least, ...cuts],
    ]) {
      const [refused, ...others] = move(member('team'), ...facts);
      expect(refused).toMatchObject({ code: 'RAISE_NOT_ALLOWED' });
      expect(refused?.message).toContain("out of a budget's cut, 50 per second to ");
      expect(others).toEqual([]);
      expect(move(member('platform'), ...facts)).toEqual([]);
    }
    expect(move(member('team'), ...protectedMost)).toEqual([]);
    // Of its own limit no more is left there than here.
    expect(move(member('team'), ...apart(0, [tokens(50n)]), ...cuts.slice(0, 1))).toEqual([]);
  });

  it('to below an override that lets through more is a raise, for an override that moves too', () => {
    const facts = [
      registered,
      created('moka/prod', [], { owner: 'platform' }),
      created('moka/prod/a', [tokens(30n)], { owner: 'team' }),
      created('moka/prod/a/q', [], { owner: 'team' }),
      created('moka/prod/b', [tokens(30n)], { owner: 'team' }),
      overridden('moka/prod/b', [tokens(99n)], START + HOUR),
    ];
    const move = (...more: readonly Fact[]) =>
      moveViolations(
        stateAfter('application:moka', ...facts, ...more) as ApplicationState,
        'moka/prod/a/q',
        'moka/prod/b/q',
        member('team'),
      );
    const own = overridden('moka/prod/a/q', [tokens(50n)], START + HOUR);
    for (const refused of [move(), move(own)]) {
      expect(refused).toMatchObject([{ code: 'RAISE_NOT_ALLOWED' }]);
      expect(refused[0]?.message).toContain('by an override, 30 per second to 99 per second');
    }
    expect(move(overridden('moka/prod/a', [tokens(99n)], START + HOUR))).toEqual([]);
  });

  it('is a raise where a cut of what it inherits leaves more by rounding', () => {
    const facts = [
      registered,
      created('moka/prod', [], { owner: 'platform', project: 'acme/assistant' }),
      created('moka/prod/a', [tokens(30n, { burst: 60n })], { owner: 'team' }),
      created('moka/prod/a/x', [], { owner: 'team' }),
      created('moka/prod/a/x/q', [], { owner: 'team' }),
      created('moka/prod/b', [tokens(60n, { perMicros: 2n * SECOND })], { owner: 'team' }),
    ];
    const cut = haircutApplied('moka/prod/a/x/q', 2_805);
    const move = (...more: readonly Fact[]) =>
      moveViolations(
        stateAfter('application:moka', ...facts, ...more) as ApplicationState,
        'moka/prod/a/x',
        'moka/prod/b/x',
        member('team'),
      );
    expect(move(cut)[0]?.message).toContain('21 per second, burst 43 to 43 per 2 seconds');
    expect(move()).toEqual([]);
    // What holds it back for a while hides nothing.
    const held = ['moka/prod/a', 'moka/prod/b'].map((id) =>
      overridden(id, [tokens(1n)], START + HOUR),
    );
    expect(move(cut, ...held)).toHaveLength(1);
  });

  it('out of a cut is not outweighed by what it takes out of the new place', () => {
    const facts = [
      registered,
      created('moka/prod', [cores(40n, 80n)], { owner: 'platform', project: 'acme/assistant' }),
      created('moka/prod/a', [cores(20n, 40n)], { owner: 'team' }),
      created('moka/prod/a/q', [cores(5n, 40n)], { owner: 'team' }),
      created('moka/prod/b', [cores(20n, 40n)], { owner: 'team' }),
      haircutApplied('moka/prod/a', 5_000),
    ];
    const held = stateAfter('application:moka', ...facts) as ApplicationState;
    const move = (sender: Sender) => moveViolations(held, 'moka/prod/a/q', 'moka/prod/b/q', sender);
    expect(move(member('team'))).toMatchObject([{ code: 'RAISE_NOT_ALLOWED' }]);
    expect(move(member('team'))[0]?.message).toContain('20, guaranteed 5 to 40');
    expect(move(member('platform'))).toEqual([]);
  });

  it('is compared with cuts as far as one decision may, over all of its steps', () => {
    const most = COMPARISONS_PER_DECISION_MAX;
    // With four resources of the top each move compares a little more than a tenth.
    const names = Array.from({ length: most / 10 }, (_, index) => `q${index}`);
    const facts = [
      registered,
      created('moka/a', [], { owner: 'team' }),
      created('moka/a/x', [], { owner: 'team' }),
      created('moka/b', [], { owner: 'team' }),
      created('moka/c', [], { owner: 'team' }),
      ...names.flatMap((name) => [
        created(`moka/a/x/${name}`, [], { owner: 'team' }),
        haircutApplied(`moka/a/x/${name}`, 5_000),
      ]),
      overridden('moka/b', [tokens(9n)], START + HOUR),
      overridden('moka/c', [tokens(9n)], START + HOUR),
    ];
    const held = stateAfter('application:moka', ...facts) as ApplicationState;
    const comparisons = new Comparisons();
    const move = (toQuotaId: string) =>
      moveViolations(held, 'moka/a/x', toQuotaId, member('team'), () => '', comparisons);
    for (let count = 1; count < 10; count += 1) expect(move('moka/b/x')).toEqual([]);
    const [refused, ...others] = move('moka/c/x');
    expect(refused).toMatchObject({ code: 'RAISE_NOT_ALLOWED' });
    expect(refused?.message).toContain(`more than ${most} limits to compare`);
    expect(others).toEqual([]);
  });
});
