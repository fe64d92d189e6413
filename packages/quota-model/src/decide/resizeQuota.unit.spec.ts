import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  created,
  evidence,
  haircutApplied,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, rightsizer, SECOND, START } from '../testing/stamp.ts';

const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant', tier: 1 }),
  created('moka/prod/ads', [sessions(4n), tokens(40n)], {
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
  }),
] as const;
const robot = { actor: rightsizer, roles: ['robot'] };

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
      type: 'ChangeProposed',
      data: {
        proposalId,
        limits: [limit],
        unsetLimits: [],
        evidence,
        origin: 'robot',
        expiresAt: START + 7n * DAY,
      },
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
    const lenient = registeredAs({ ...registration, robotChanges: 'apply' }, 2n);
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
    const rightsizing = [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }];
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
    given(...tree, haircutApplied('moka/prod', 1_000))
      .when(resize(tokens(41n)))
      .thenRefused('UNDER_HAIRCUT', 'cuts moka/prod.');
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
        data: { content: { ...tree[1].data.content, limits: [tokens(45n)] } },
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
      .when({ type: 'DeleteQuota', data: { quotaId: 'moka/prod/ads', children: 'refuse' } })
      .then(
        { type: 'ProposalRejected', data: { proposalId: 'moka-p4' }, quotaId: 'moka/prod/ads' },
        { type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' },
      );
  });
});

describe('DeleteQuota', () => {
  const remove = (quotaId: string) =>
    ({ type: 'DeleteQuota', data: { quotaId, children: 'refuse' } }) as const;

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
