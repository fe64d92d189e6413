import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { DECLARED_CHANGES_MAX } from './declaredChanges.ts';
import type { StreamState } from './model.ts';
import { noPreview, PREVIEW_CHANGES_MAX, PREVIEW_LIMITS_MAX, previewOf } from './preview.ts';
import type { Preview } from './preview.ts';
import { stateToText } from './snapshot.ts';
import { stateAfter } from './testing/given.ts';
import type { Fact } from './testing/given.ts';
import {
  applyHaircut,
  content,
  created,
  haircutApplied,
  noChange,
  overridden,
  registered,
  sessions,
  tokens,
  unbounded,
} from './testing/samples.ts';
import { DAY, START, stampCommand } from './testing/stamp.ts';
import type { CommandBody } from './testing/stamp.ts';

const context = { now: START, streamVersion: 9n };

function previewed(state: StreamState | null, body: CommandBody): Preview {
  const command = stampCommand('application:moka', body, { dryRun: true, roles: ['admin'] });
  const decision = decide(state, command, context);
  if (decision.kind !== 'accepted') throw new Error(JSON.stringify(decision.violations));
  const own = 'quotaId' in command.value ? command.value.quotaId : null;
  return previewOf(state, decision.events, own, command.value.envelope, context);
}

const after = (...facts: Fact[]): StreamState | null =>
  stateAfter('application:moka', registered, ...facts);
const tree = [
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant' }),
  created('moka/prod/ads', [tokens(50n)]),
  created('moka/prod/etl', [sessions(3n)]),
  created('moka/dev', [tokens(10n)]),
];
const lowered: CommandBody = {
  type: 'ChangeQuota',
  data: { ...noChange, quotaId: 'moka/prod', setLimits: [tokens(80n)] },
};

describe('a preview', () => {
  it('tells what would be in force, the own quota first, and what stays not at all', () => {
    const state = after(...tree);
    const before = stateToText(state!);
    expect(previewed(state, lowered)).toMatchObject({
      changes: [
        { quotaId: 'moka/prod', resource: 'tokens', before: tokens(100n), after: tokens(80n) },
        { quotaId: 'moka/prod/etl', resource: 'tokens', before: tokens(100n), after: tokens(80n) },
      ],
      omitted: 0,
    });
    expect(stateToText(state!)).toBe(before);
  });

  it('tells of quotas that would come and go', () => {
    const state = after(...tree);
    const create: CommandBody = {
      type: 'CreateQuota',
      data: { quotaId: 'moka/dev/x', content: content([sessions(1n)]) },
    };
    expect(previewed(state, create).changes).toEqual([
      { quotaId: 'moka/dev/x', resource: 'sessions', before: null, after: sessions(1n) },
      { quotaId: 'moka/dev/x', resource: 'tokens', before: null, after: tokens(10n) },
    ]);
    const removal: CommandBody = {
      type: 'DeleteQuota',
      data: { quotaId: 'moka/prod', children: 'cascade' },
    };
    const { changes } = previewed(state, removal);
    expect(changes.map(({ quotaId, after: next }) => [quotaId, next])).toEqual([
      ['moka/prod', null],
      ['moka/prod/ads', null],
      ['moka/prod/etl', null],
      ['moka/prod/etl', null],
    ]);
  });

  it('compares what moves with what it was where it came from', () => {
    const move: CommandBody = {
      type: 'MoveQuota',
      data: { quotaId: 'moka/prod/etl', toQuotaId: 'moka/dev/etl' },
    };
    expect(previewed(after(...tree), move).changes).toEqual([
      { quotaId: 'moka/dev/etl', resource: 'tokens', before: tokens(100n), after: tokens(10n) },
    ]);
  });

  it('tells what a cut would leave', () => {
    const { changes } = previewed(after(...tree), applyHaircut([0, 0, 1_000, 0, 0]));
    expect(
      changes.map((change) => [change.quotaId, change.resource, change.after?.amount]),
    ).toEqual([
      ['moka/prod', 'tokens', 90n],
      ['moka/prod/ads', 'tokens', 45n],
      ['moka/prod/etl', 'sessions', 2n],
      ['moka/prod/etl', 'tokens', 90n],
    ]);
  });

  it('is bounded, and says how much it leaves out', () => {
    const many = Array.from({ length: PREVIEW_CHANGES_MAX + 20 }, (_, index) =>
      created(`moka/prod/q${index}`),
    );
    const { changes, omitted } = previewed(after(...tree, ...many), lowered);
    expect(changes.length).toBe(PREVIEW_CHANGES_MAX);
    // Beside those: the quota itself and one of its children.
    expect(omitted).toBe(22);
    const wide = Array.from({ length: PREVIEW_LIMITS_MAX }, (_, index) =>
      created(`moka/prod/q${index}`),
    );
    const all = previewed(after(...tree, ...wide), lowered);
    expect(all.omitted).toBeGreaterThan(PREVIEW_LIMITS_MAX / 2);
  });

  it('is empty where nothing would change', () => {
    const same: CommandBody = { type: 'ChangeQuota', data: { ...noChange, quotaId: 'moka/prod' } };
    expect(previewed(after(...tree), same)).toEqual(noPreview);
  });

  it('tells how far what is above would be given out more than once, where that differs', () => {
    const state = after(...tree);
    const create: CommandBody = {
      type: 'CreateQuota',
      data: { quotaId: 'moka/prod/new', content: content([tokens(75n)]) },
    };
    expect(previewed(state, create).oversubscription).toEqual([
      { quotaId: 'moka/prod', resource: 'tokens', before: 5_000n, after: 12_500n },
    ]);
    expect(previewed(state, lowered).oversubscription).toEqual([
      { quotaId: 'moka/prod', resource: 'tokens', before: 5_000n, after: 6_250n },
    ]);
    const moved: CommandBody = {
      type: 'MoveQuota',
      data: { quotaId: 'moka/prod/ads', toQuotaId: 'moka/ads' },
    };
    expect(previewed(state, moved).oversubscription).toEqual([
      { quotaId: 'moka/prod', resource: 'tokens', before: 5_000n, after: null },
    ]);
  });

  describe('of what is declared', () => {
    const change = {
      quotaId: 'moka/prod',
      resource: 'tokens',
      before: tokens(100n),
      after: tokens(80n),
    };

    it('is told where it would hold, and not of quotas that only inherit', () => {
      expect(previewed(after(...tree), lowered).declared).toEqual([{ ...change, hiddenBy: null }]);
    });

    it('is told below a live override, which hides it until its end', () => {
      const until = START + DAY;
      const state = after(...tree, overridden('moka/prod', [tokens(120n)], until));
      const { changes, declared } = previewed(state, lowered);
      expect(changes).toEqual([]);
      const hiddenBy = { kind: 'override', quotaId: 'moka/prod', until };
      expect(declared).toEqual([{ ...change, hiddenBy }]);
    });

    it('is told below a suspension of a quota above', () => {
      const until = START + DAY;
      const blocked = [unbounded(tokens(0n), 'blocked')];
      const state = after(...tree, overridden('moka/prod', blocked, until, { suspension: true }));
      const below: CommandBody = {
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: 'moka/prod/ads', setLimits: [tokens(40n)] },
      };
      const { changes, declared } = previewed(state, below);
      expect(changes).toEqual([]);
      const hiddenBy = { kind: 'suspension', quotaId: 'moka/prod', until };
      expect(declared).toMatchObject([{ quotaId: 'moka/prod/ads', hiddenBy }]);
    });

    it('is told below a cut, which has no end of its own', () => {
      const { declared } = previewed(after(...tree, haircutApplied('moka/prod', 1_000)), lowered);
      const hiddenBy = { kind: 'haircut', quotaId: 'moka/prod', until: null };
      expect(declared).toEqual([{ ...change, hiddenBy }]);
    });

    it('is told where a quota above binds, and where it is taken back', () => {
      const unset: CommandBody = {
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: 'moka/prod/ads', unsetLimits: ['tokens'] },
      };
      expect(previewed(after(...tree), unset).declared).toEqual([
        {
          quotaId: 'moka/prod/ads',
          resource: 'tokens',
          before: tokens(50n),
          after: null,
          hiddenBy: { kind: 'ancestor', quotaId: 'moka/prod', until: null },
        },
      ]);
    });

    it('is bounded, and what is left out is counted', () => {
      const extra = 5;
      const many = Array.from({ length: DECLARED_CHANGES_MAX + extra }, (_, index) =>
        created(`moka/wide/q${index}`, [sessions(1n)]),
      );
      const removal: CommandBody = {
        type: 'DeleteQuota',
        data: { quotaId: 'moka/wide', children: 'cascade' },
      };
      const state = after(created('moka/wide'), ...many);
      const { declared, omitted } = previewed(state, removal);
      expect(declared.length).toBe(DECLARED_CHANGES_MAX);
      expect(omitted).toBe(extra);
    });
  });
});
