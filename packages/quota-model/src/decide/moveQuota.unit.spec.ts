import { describe, expect, it } from 'vitest';
import { effectiveLimits } from '../effective.ts';
import type { ApplicationState } from '../model.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  cores,
  created,
  credits,
  cutData,
  evidence,
  haircutApplied,
  registered,
  sessions,
  tokens,
} from '../testing/samples.ts';
import { DAY, HOUR, START } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';

const move = (quotaId: string, toQuotaId: string) =>
  ({ type: 'MoveQuota', data: { quotaId, toQuotaId } }) as const;
const moved = (quotaId: string, toQuotaId: string): Fact => ({
  type: 'QuotaMoved',
  data: { toQuotaId },
  quotaId,
});
const tree = [
  registered,
  created('moka/prod', [cores(100n, 100n), tokens(50n)]),
  created('moka/prod/ads', [cores(60n, 80n), tokens(40n)]),
  created('moka/prod/ads/etl', [cores(20n, 80n)]),
  created('moka/dev', [cores(70n, 70n), tokens(50n)]),
] as const;

describe('MoveQuota to another payer', () => {
  const paid = [
    registered,
    created('moka/a', [], { project: 'acme/assistant' }),
    created('moka/a/x', [tokens(40n)]),
    created('moka/a/x/y', [tokens(10n)]),
    created('moka/b', [], { project: 'acme/search' }),
    haircutApplied('moka/a', 1_000),
    haircutApplied('moka/a/x', 1_000),
    haircutApplied('moka/a/x/y', 1_000),
  ] as const;
  const lifted = (quotaId: string): Fact => ({
    type: 'HaircutLifted',
    data: { budgetId: 'monthly', cause: 'person', spend: cutData.spend, budget: cutData.budget },
    quotaId,
  });

  it('lifts the cuts of the former payer on all that moves, in the same decision', () => {
    for (const to of ['moka/b/x', 'moka/x']) {
      given(...paid)
        .when(move('moka/a/x', to))
        .then(moved('moka/a/x', to), lifted(to), lifted(`${to}/y`));
    }
  });

  it('keeps the cuts where the same project goes on paying', () => {
    given(...paid)
      .when(move('moka/a/x', 'moka/a/z'))
      .then(moved('moka/a/x', 'moka/a/z'));
  });
});

describe('MoveQuota', () => {
  it('moves a quota and all below it by one event', () => {
    given(registered, created('moka/a'), created('moka/a/x'), created('moka/b'))
      .when(move('moka/a', 'moka/b/a'))
      .then(moved('moka/a', 'moka/b/a'));
  });

  it('gives another name, and has nothing to do when it is there already', () => {
    given(...tree)
      .when(move('moka/prod', 'moka/live'))
      .then(moved('moka/prod', 'moka/live'));
    given(...tree)
      .when(move('moka/prod', 'moka/prod'))
      .thenNothing();
  });

  it('needs a quota, a free place with a parent, and not its own', () => {
    const refused = (from: string, to: string) => given(...tree).when(move(from, to));
    refused('moka/nowhere', 'moka/x').thenRefused('QUOTA_UNKNOWN');
    refused('moka/prod', 'moka/dev').thenRefused('QUOTA_EXISTS');
    refused('moka/prod', 'moka/x/y').thenRefused('PARENT_UNKNOWN', 'moka/x');
    refused('moka/prod', 'moka/prod/ads/p').thenRefused('MOVE_INTO_ITSELF');
    refused('moka/prod', 'moka/Prod').thenRefused('QUOTA_ID_INVALID');
    refused('moka/prod', 'tidb/prod').thenRefused('WRONG_STREAM');
  });

  it('counts the depth of what is below', () => {
    const deep = ['b', 'b/c', 'b/c/d', 'b/c/d/e', 'b/c/d/e/f'].map((id) => created(`moka/${id}`));
    given(registered, ...deep, created('moka/g'), created('moka/g/h'), created('moka/g/h/i'))
      .when(move('moka/b', 'moka/g/h/i/b'))
      .thenRefused('QUOTA_TOO_DEEP', 'moka/b/c/d/e/f');
  });

  it('judges the place that it comes to as if it were created there', () => {
    given(...tree)
      .when(move('moka/prod/ads', 'moka/dev/ads'))
      .thenRefused('PARENT_LIMIT_EXCEEDED', '80', '70', 'moka/dev');
    given(...tree, created('moka/dev/web', [cores(20n, 20n)]))
      .when(move('moka/prod/ads/etl', 'moka/dev/etl'))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
    given(
      ...tree.slice(0, 3),
      created('moka/dev', [cores(70n, 100n)]),
      created('moka/dev/web', [cores(20n, 20n)]),
    )
      .when(move('moka/prod/ads', 'moka/dev/ads'))
      .thenRefused('PARENT_SUM_EXCEEDED', '80', '70');
  });

  it('judges what is below a level that sets nothing', () => {
    const past = [
      registered,
      created('moka/a'),
      created('moka/a/x', [sessions(9n), credits(5n)]),
      created('moka/b', [sessions(5n)]),
      created('moka/c', [credits(5n, 'P1M')]),
    ];
    given(...past)
      .when(move('moka/a', 'moka/b/a'))
      .thenRefused('PARENT_LIMIT_EXCEEDED', '9', '5');
    given(...past)
      .when(move('moka/a', 'moka/c/a'))
      .thenRefused('WINDOW_MISMATCH', 'P1M', 'moka/c');
  });

  it('keeps one payer for a subtree, and every project within its entitlement', () => {
    const past = [
      registered,
      created('moka/a', [], { project: 'acme/a' }),
      created('moka/b'),
      created('moka/b/x', [tokens(9n)], { project: 'acme/b' }),
      created('moka/c', [tokens(9n)]),
      {
        type: 'EntitlementSet',
        data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 8n, source: null },
      },
    ] as const;
    given(...past)
      .when(move('moka/b', 'moka/a/b'))
      .thenRefused('PAYER_CONFLICT', 'acme/a', 'acme/b', 'moka/b/x');
    given(...past)
      .when(move('moka/c', 'moka/a/c'))
      .thenRefused('ENTITLEMENT_EXCEEDED', '9', '8');
  });

  it('takes along layers, overrides with their ends, and open proposals', () => {
    const stream = new TestStream('application:moka');
    const proposal = { limit: tokens(20n), evidence, expiresAt: START + DAY };
    const facts = [
      created('moka/a', [tokens(90n)]),
      created('moka/a/x', [tokens(50n)], {
        rightsizing: [{ resource: 'tokens', min: 1n, max: 60n, workload: null, pinned: false }],
      }),
      haircutApplied('moka/a/x', 1_000),
      { type: 'ProposalOpened', data: { proposalId: 'moka-p4', ...proposal }, quotaId: 'moka/a/x' },
      created('moka/b', [tokens(80n)]),
    ] as const satisfies readonly Fact[];
    stream.state = stateAfter('application:moka', registered, ...facts);
    const state = (): ApplicationState => stream.state as ApplicationState;
    const overriding = { limits: [tokens(70n)], until: START + HOUR } as const;
    stream.send({ type: 'OverrideQuota', data: { quotaId: 'moka/a/x', ...overriding } });
    expect(stream.send(move('moka/a/x', 'moka/b/y'))).toMatchObject({ kind: 'accepted' });
    expect([...state().quotas.keys()]).toEqual(['moka/a', 'moka/b', 'moka/b/y']);
    const [limit] = effectiveLimits(state(), 'moka/b/y');
    expect(limit?.limit.amount).toBe(70n);
    expect(state().proposals.get('moka-p4')?.quotaId).toBe('moka/b/y');
    stream.advanceTo(START + HOUR);
    expect(effectiveLimits(state(), 'moka/b/y')[0]?.limit.amount).toBe(45n);
    stream.advanceTo(START + DAY);
    expect(state().proposals.size).toBe(0);
  });
});
