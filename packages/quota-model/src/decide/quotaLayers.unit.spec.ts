import { describe, it } from 'vitest';
import { given, givenIn } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  applyHaircut,
  created,
  credits,
  evidence,
  haircutApplied,
  registered,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, HOUR, rightsizer, SECOND, START } from '../testing/stamp.ts';

const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant', tier: 1 }),
  created('moka/prod/ads', [sessions(4n), tokens(40n)], {
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n }],
  }),
] as const;
const override = (
  quotaId: string,
  limits: readonly ReturnType<typeof tokens>[],
  until: bigint,
) => ({
  type: 'OverrideQuota' as const,
  data: { quotaId, limits, until },
});
const overridden = (quotaId: string, limits: readonly ReturnType<typeof tokens>[], until: bigint) =>
  ({ type: 'QuotaOverridden', data: { limits, until }, quotaId }) as const satisfies Fact;
const robot = { actor: rightsizer, roles: ['robot'] };

describe('OverrideQuota', () => {
  const until = START + HOUR;

  it('overrides until a time, and again with what is newer', () => {
    given(...tree)
      .when(override('moka/prod/ads', [tokens(90n), sessions(9n)], until))
      .then(overridden('moka/prod/ads', [sessions(9n), tokens(90n)], until));
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], until))
      .when(override('moka/prod/ads', [tokens(80n)], until))
      .then(overridden('moka/prod/ads', [tokens(80n)], until));
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], until))
      .when(override('moka/prod/ads', [tokens(90n)], until))
      .thenNothing();
  });

  it('ends after now and within 366 days', () => {
    const to = (end: bigint) => given(...tree).when(override('moka/prod/ads', [tokens(90n)], end));
    to(START).thenRefused('OVERRIDE_END_INVALID');
    to(START + 366n * DAY + 1n).thenRefused('OVERRIDE_END_INVALID');
    to(START + 366n * DAY).then(overridden('moka/prod/ads', [tokens(90n)], START + 366n * DAY));
  });

  it('names the ancestor that it would stand above', () => {
    given(...tree)
      .when(override('moka/prod/ads', [tokens(101n)], until))
      .thenRefused('OVERRIDE_ABOVE_ANCESTOR', 'moka/prod', '100');
  });

  it('stands above a cut of the ancestor, so that a fire can be fought', () => {
    given(...tree, haircutApplied('moka/prod', 9_000))
      .when(override('moka/prod/ads', [tokens(100n)], until))
      .then(overridden('moka/prod/ads', [tokens(100n)], until));
  });

  it('counts an override of the ancestor, up and down', () => {
    given(...tree, overridden('moka/prod', [tokens(150n)], until))
      .when(override('moka/prod/ads', [tokens(150n)], until))
      .then(overridden('moka/prod/ads', [tokens(150n)], until));
    given(...tree, overridden('moka/prod', [unbounded(tokens(1n), 'blocked')], until))
      .when(override('moka/prod/ads', [tokens(1n)], until))
      .thenRefused('OVERRIDE_ABOVE_ANCESTOR', 'blocked', 'moka/prod');
  });

  it('keeps the window of the path', () => {
    given(registered, created('moka/prod', [credits(10n)]), created('moka/prod/ads'))
      .when(override('moka/prod/ads', [credits(1n, 'P1M')], until))
      .thenRefused('WINDOW_MISMATCH');
  });

  it('is for people', () => {
    given(...tree)
      .when(override('moka/prod/ads', [tokens(90n)], until), robot)
      .thenRefused('NOT_ALLOWED');
  });

  it('needs a limit, and the right to an unlimited one', () => {
    given(...tree)
      .when(override('moka/prod/ads', [], until))
      .thenRefused('OVERRIDE_EMPTY');
    given(...tree)
      .when(override('moka/prod', [unbounded(tokens(1n), 'unlimited')], until))
      .thenRefused('UNLIMITED_NOT_ALLOWED');
  });
});

describe('LiftOverride', () => {
  const lift = { type: 'LiftOverride', data: { quotaId: 'moka/prod/ads' } } as const;

  it('ends an override; there may be none', () => {
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], START + HOUR))
      .when(lift)
      .then({ type: 'QuotaOverrideEnded', data: { end: 'lifted' }, quotaId: 'moka/prod/ads' });
    given(...tree)
      .when(lift)
      .thenNothing();
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], START + HOUR))
      .at(START + HOUR)
      .when(lift)
      .thenNothing();
  });

  it('is for people', () => {
    given(...tree)
      .when(lift, robot)
      .thenRefused('NOT_ALLOWED');
  });
});

describe('ResizeQuota', () => {
  const resize = (limit = tokens(50n)) =>
    ({ type: 'ResizeQuota', data: { quotaId: 'moka/prod/ads', limit, evidence } }) as const;
  const resized = (limit = tokens(50n)) =>
    ({
      type: 'QuotaResized',
      data: { limit, evidence, proposalId: null },
      quotaId: 'moka/prod/ads',
    }) as const satisfies Fact;
  const opened = (proposalId = 'moka-p4', limit = tokens(50n)) =>
    ({
      type: 'ProposalOpened',
      data: { proposalId, limit, evidence, expiresAt: START + 7n * DAY },
      quotaId: 'moka/prod/ads',
    }) as const satisfies Fact;

  it('waits for a person when a robot sends it and the application says so', () => {
    given(...tree)
      .when(resize(), robot)
      .then(opened())
      .thenResult('moka-p4');
  });

  it('applies when a person sends it, or the application lets robots', () => {
    given(...tree)
      .when(resize())
      .then(resized())
      .thenResult(null);
    const lenient: Fact = {
      type: 'ApplicationRegistered',
      data: { ...registration, robotChanges: 'apply' },
    };
    given(...tree, lenient)
      .when(resize(), robot)
      .then(resized());
  });

  it('keeps one open proposal a quota and resource', () => {
    given(...tree, opened())
      .when(resize(tokens(60n)), robot)
      .thenRefused('PROPOSAL_OPEN', 'moka-p4');
    given(...tree, opened())
      .at(START + 7n * DAY)
      .when(resize(tokens(60n)), robot)
      .then({
        ...opened('moka-p6', tokens(60n)),
        data: { ...opened('moka-p6', tokens(60n)).data, expiresAt: START + 14n * DAY },
      });
  });

  it('stays within the bounds of the owner, and changes the amount alone', () => {
    const refused = (
      limit: ReturnType<typeof tokens>,
      code: 'OUTSIDE_RIGHTSIZING_BOUNDS' | 'LIMIT_INCONSISTENT',
    ) =>
      given(...tree)
        .when(resize(limit))
        .thenRefused(code);
    refused(tokens(9n), 'OUTSIDE_RIGHTSIZING_BOUNDS');
    refused(tokens(91n), 'OUTSIDE_RIGHTSIZING_BOUNDS');
    refused(tokens(50n, { burst: 1_000n }), 'OUTSIDE_RIGHTSIZING_BOUNDS');
    refused(sessions(5n), 'OUTSIDE_RIGHTSIZING_BOUNDS');
    refused(unbounded(tokens(1n), 'blocked'), 'OUTSIDE_RIGHTSIZING_BOUNDS');
    refused(tokens(50n, { perMicros: 60n * SECOND }), 'LIMIT_INCONSISTENT');
  });

  it('resizes numbers, not what is unset, unlimited or blocked', () => {
    const rightsizing = [{ resource: 'tokens', min: 10n, max: 90n }];
    for (const limits of [[], [unbounded(tokens(1n), 'blocked')]]) {
      given(registered, created('moka/prod'), created('moka/prod/ads', limits, { rightsizing }))
        .when(resize())
        .thenRefused('LIMIT_NOT_SET');
    }
  });

  it('fits the tree', () => {
    given(registered, created('moka/prod', [tokens(45n)]), tree[2])
      .when(resize())
      .thenRefused('PARENT_LIMIT_EXCEEDED', 'moka/prod');
  });

  it('raises nothing under a haircut, and lowers', () => {
    const past = [...tree, haircutApplied('moka/prod/ads', 1_000)] as const;
    given(...past)
      .when(resize(tokens(41n)))
      .thenRefused('UNDER_HAIRCUT', 'monthly');
    given(...past)
      .when(resize(tokens(40n, { burst: 80n })))
      .thenRefused('UNDER_HAIRCUT');
    given(...past)
      .when(resize(tokens(39n)))
      .then(resized(tokens(39n)));
  });

  it('has nothing to do when it is so already', () => {
    given(...tree)
      .when(resize(tokens(40n)), robot)
      .thenNothing();
    given(...tree, resized())
      .when(resize(), robot)
      .thenNothing();
  });

  describe('then a person', () => {
    const approve = { type: 'ApproveProposal', data: { proposalId: 'moka-p4' } } as const;
    const reject = { type: 'RejectProposal', data: { proposalId: 'moka-p4' } } as const;

    it('approves, which resizes', () => {
      given(...tree, opened())
        .when(approve, { actor: ben })
        .then(
          { type: 'ProposalApproved', data: { proposalId: 'moka-p4' }, quotaId: 'moka/prod/ads' },
          { ...resized(), data: { ...resized().data, proposalId: 'moka-p4' } },
        );
    });

    it('approves what still holds', () => {
      given(...tree, opened(), haircutApplied('moka/prod/ads', 1_000))
        .when(approve, { actor: ben })
        .thenRefused('UNDER_HAIRCUT');
      given(...tree, opened(), {
        type: 'QuotaChanged',
        data: {
          content:
            tree[1].type === 'QuotaCreated'
              ? { ...tree[1].data.content, limits: [tokens(45n)] }
              : never(),
        },
        quotaId: 'moka/prod',
      })
        .when(approve, { actor: ben })
        .thenRefused('PARENT_LIMIT_EXCEEDED');
    });

    it('rejects', () => {
      given(...tree, opened())
        .when(reject)
        .then({
          type: 'ProposalRejected',
          data: { proposalId: 'moka-p4' },
          quotaId: 'moka/prod/ads',
        });
    });

    it('is somebody else than who proposed, and no robot', () => {
      // The kit's facts are of ana.
      given(...tree, opened())
        .when(approve, { actor: ana })
        .thenRefused('SELF_APPROVAL');
      given(...tree, opened())
        .when(approve, robot)
        .thenRefused('NOT_ALLOWED');
      given(...tree, opened())
        .when(reject, robot)
        .thenRefused('NOT_ALLOWED');
    });

    it('comes in time', () => {
      given(...tree, opened())
        .at(START + 7n * DAY)
        .when(approve, { actor: ben })
        .thenRefused('PROPOSAL_UNKNOWN');
      given(...tree)
        .when(reject)
        .thenRefused('PROPOSAL_UNKNOWN', 'moka-p4');
    });
  });

  it('leaves no proposal behind a deleted quota', () => {
    given(...tree, opened())
      .when({ type: 'DeleteQuota', data: { quotaId: 'moka/prod/ads' } })
      .then(
        { type: 'ProposalRejected', data: { proposalId: 'moka-p4' }, quotaId: 'moka/prod/ads' },
        { type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' },
      );
  });
});

describe('DeleteQuota', () => {
  const remove = (quotaId: string) => ({ type: 'DeleteQuota' as const, data: { quotaId } });

  it('deletes a leaf alone', () => {
    given(...tree)
      .when(remove('moka/prod'))
      .thenRefused('QUOTA_HAS_CHILDREN');
    given(...tree)
      .when(remove('moka/prod/ads'))
      .then({ type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' });
    given(...tree, { type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' })
      .when(remove('moka/prod'))
      .then({ type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod' });
  });
});

describe('ApplyHaircut', () => {
  const cuts = [0, 1_000, 2_500, 5_000, 9_000];

  it('cuts every quota that the project pays for by its tier, in the order of ids', () => {
    given(...tree, created('moka/other', [tokens(1n)]))
      .when(applyHaircut(cuts))
      .then(haircutApplied('moka/prod', 1_000), haircutApplied('moka/prod/ads', 2_500));
  });

  it('repeats nothing: more spend under the same cut is no event', () => {
    const past = [
      ...tree,
      haircutApplied('moka/prod', 1_000),
      haircutApplied('moka/prod/ads', 2_500),
    ];
    given(...past)
      .when(applyHaircut(cuts, undefined, { spend: '115' }))
      .thenNothing();
    given(...past)
      .when(applyHaircut([0, 2_000, 2_500, 5_000, 9_000]))
      .then(haircutApplied('moka/prod', 2_000));
  });

  it('lifts the cut of a tier that is cut no more', () => {
    given(...tree, haircutApplied('moka/prod', 1_000), haircutApplied('moka/prod/ads', 2_500))
      .when(applyHaircut([0, 0, 2_500, 0, 0]))
      .then({
        type: 'HaircutLifted',
        data: { budgetId: 'monthly', cause: 'spend_corrected', spend: '112', budget: '100' },
        quotaId: 'moka/prod',
      });
  });

  it('has nothing to do where nobody is cut', () => {
    given(...tree)
      .when(applyHaircut([0, 0, 0, 0, 0]))
      .thenNothing();
    given(registered).when(applyHaircut(cuts)).thenNothing();
  });

  it.each([[[0, 0, 0, 0]], [[0, 0, 0, 0, 10_001]], [[0, 0, 0, 0, -1]], [[0, 0, 0, 0, 0.5]]])(
    'refuses cuts of %j',
    (points) => {
      given(...tree)
        .when(applyHaircut(points))
        .thenRefused('HAIRCUT_INVALID');
      given(...tree)
        .when(applyHaircut(cuts, points))
        .thenRefused('HAIRCUT_INVALID');
    },
  );

  it('refuses what was not measured, or too late', () => {
    const refused = (more: Parameters<typeof applyHaircut>[2]) =>
      given(...tree)
        .when(applyHaircut(cuts, undefined, more))
        .thenRefused('HAIRCUT_INVALID');
    refused({ overrunBasisPoints: -1 });
    refused({ spend: '1e3' });
    refused({ project: 'assistant' });
    refused({ windowStart: START + DAY });
    given(...tree)
      .at(START + DAY)
      .when(applyHaircut(cuts))
      .thenRefused('HAIRCUT_TOO_LATE');
  });
});

describe('LiftHaircut', () => {
  const lift = (budgetId = 'monthly', project = 'acme/assistant') =>
    ({
      type: 'LiftHaircut',
      data: { project, budgetId, cause: 'budget_raised', spend: '112', budget: '200' },
    }) as const;

  it('lifts every cut of the budget and no other', () => {
    const lifted = (quotaId: string) =>
      ({
        type: 'HaircutLifted',
        data: { budgetId: 'monthly', cause: 'budget_raised', spend: '112', budget: '200' },
        quotaId,
      }) as const;
    const past = [
      ...tree,
      haircutApplied('moka/prod', 1_000),
      haircutApplied('moka/prod/ads', 2_500),
      haircutApplied('moka/prod/ads', 2_500, 0, { budgetId: 'daily' }),
    ];
    given(...past)
      .when(lift())
      .then(lifted('moka/prod'), lifted('moka/prod/ads'));
    given(...past)
      .when(lift('yearly'))
      .thenNothing();
    given(...past)
      .when(lift('monthly', 'acme/other'))
      .thenNothing();
  });
});

describe('SetEntitlement', () => {
  const set = (amount: bigint, bound: 'amount' | 'unlimited' | 'blocked' = 'amount') =>
    ({
      type: 'SetEntitlement',
      data: { project: 'acme/assistant', resource: 'tokens', bound, amount },
    }) as const;
  const was = (amount: bigint, bound: 'amount' | 'unlimited' | 'blocked' = 'amount') =>
    ({ type: 'EntitlementSet', data: set(amount, bound).data }) as const;

  it('is set, and not below what is held', () => {
    given(...tree)
      .when(set(100n))
      .then(was(100n));
    given(...tree)
      .when(set(99n))
      .thenRefused('ENTITLEMENT_EXCEEDED', '100', '99');
    given(...tree)
      .when(set(0n, 'blocked'))
      .thenRefused('ENTITLEMENT_EXCEEDED');
    given(...tree, was(100n))
      .when(set(100n))
      .thenNothing();
  });

  it('is a number from 1, or says what it is', () => {
    given(...tree)
      .when(set(0n))
      .thenRefused('LIMIT_ZERO_AMBIGUOUS');
    given(...tree)
      .when(set(-1n))
      .thenRefused('LIMIT_NEGATIVE');
    given(...tree)
      .when(set(0n, 'unlimited'))
      .thenRefused('UNLIMITED_NOT_ALLOWED');
    given(...tree)
      .when(set(0n, 'unlimited'), { roles: ['admin'] })
      .then(was(0n, 'unlimited'));
  });

  it('is of an application', () => {
    givenIn('pricebook:list').when(set(1n)).thenRefused('WRONG_STREAM');
  });
});

function never(): never {
  throw new TypeError('The fact is of another type.');
}
