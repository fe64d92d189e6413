import { describe, expect, it } from 'vitest';
import type { CommandMessage, ResourceLimit, RolloutStage, TreeStep } from '@prorata/schemas';
import type { ApplicationState } from '../model.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact, Then } from '../testing/given.ts';
import {
  applyHaircut,
  content,
  cores,
  created,
  credits,
  evidence,
  haircutApplied,
  noChange,
  overridden as overrideOf,
  registered,
  registration,
  rehearsal,
  requestTerms,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, HOUR, rightsizer, SECOND, stampCommand, START } from '../testing/stamp.ts';
import type { CommandBody, CommandData, Sender } from '../testing/stamp.ts';
import { commandViolations, ownershipViolations } from './authorityViolations.ts';
import { commandAuthority } from './commandAuthority.ts';
import { describeRoles } from './sender.ts';

const QUOTA = 'moka/prod/ads';
const tree = [
  registered,
  created('moka/prod', [cores(40n, 80n), tokens(100n)], { owner: 'platform', tier: 1 }),
  created(QUOTA, [cores(10n, 20n), tokens(40n)], {
    owner: 'team-ads',
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
  }),
] as const;

const as = (roles: readonly string[], more: Sender = {}): Sender => ({
  actor: ben,
  roles: [...roles],
  ...more,
});
const granted = (role: string, scope: string): Sender => as([], { grants: [{ role, scope }] });
const memberOf = (group: string): Sender => as(['member'], { groups: [group] });

/** Every kind of sender there is, by what they are to moka/prod/ads. */
const senders = {
  'an admin': as(['admin']),
  'an operator': as(['operator']),
  'an operator of the application': granted('operator', 'moka'),
  'an operator of its stream': granted('operator', 'application:moka'),
  'an operator of the parent': granted('operator', 'moka/prod'),
  'an operator of the quota': granted('operator', QUOTA),
  'an operator of a sibling': granted('operator', 'moka/prod/ad'),
  'an owner of the parent': memberOf('platform'),
  'an owner of the quota': memberOf('team-ads'),
  'an owner by a grant there': { ...granted('member', QUOTA), groups: ['team-ads'] },
  'an owner elsewhere': memberOf('team-other'),
  'a member of the group without the role': as(['auditor'], { groups: ['team-ads', 'platform'] }),
  'an auditor': as(['auditor']),
  'a host': as(['host']),
  'a robot': as(['robot'], { actor: rightsizer }),
  'a robot of the quota': { ...granted('robot', QUOTA), actor: rightsizer },
  'a robot of a sibling': { ...granted('robot', 'moka/prod/ad'), actor: rightsizer },
  'a robot in the owning groups': as(['robot'], {
    actor: rightsizer,
    groups: ['team-ads', 'platform'],
  }),
} satisfies Readonly<Record<string, Sender>>;
type Kind = keyof typeof senders;

const everywhere: readonly Kind[] = [
  'an admin',
  'an operator',
  'an operator of the application',
  'an operator of its stream',
];
const above: readonly Kind[] = [
  ...everywhere,
  'an operator of the parent',
  'an owner of the parent',
];
const there: readonly Kind[] = [
  ...above,
  'an operator of the quota',
  'an owner of the quota',
  'an owner by a grant there',
];
const reachingRobots: readonly Kind[] = [
  'a robot',
  'a robot of the quota',
  'a robot in the owning groups',
];
const wideRobots: readonly Kind[] = ['a robot', 'a robot in the owning groups'];

const change = (more: Partial<CommandData<'ChangeQuota'>>): CommandBody => ({
  type: 'ChangeQuota',
  data: { ...noChange, quotaId: QUOTA, ...more },
});
const stepOf = (body: CommandBody): TreeStep => ({
  expectedVersion: null,
  create: null,
  change: body.type === 'ChangeQuota' ? body.data : null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
});
const create = (quotaId: string, limits = [tokens(5n)]): CommandBody => ({
  type: 'CreateQuota',
  data: { quotaId, content: content(limits) },
});
const declare = (quotaId: string, limits = [tokens(5n)]): CommandBody => ({
  type: 'DeclareQuota',
  data: { quotaId, content: content(limits) },
});
const override = (limit: ReturnType<typeof tokens>): CommandBody => ({
  type: 'OverrideQuota',
  data: { quotaId: QUOTA, limits: [limit], until: START + HOUR },
});
const resize = (amount: bigint): CommandBody => ({
  type: 'ResizeQuota',
  data: { quotaId: QUOTA, limit: tokens(amount), evidence },
});
const opened = (amount: bigint): Fact => ({
  type: 'ProposalOpened',
  data: {
    proposalId: 'moka-p4',
    limit: tokens(amount),
    evidence,
    expiresAt: START + DAY,
  },
  quotaId: QUOTA,
});
const contentWith = (limit: ReturnType<typeof tokens>) => ({
  ...tree[2].data.content,
  limits: [limit],
});
const changedTo = (limit: ReturnType<typeof tokens>): Fact => ({
  type: 'QuotaChanged',
  data: { content: contentWith(limit) },
  quotaId: QUOTA,
});
const suspended = overrideOf(QUOTA, [unbounded(tokens(1n), 'blocked')], START + HOUR, {
  suspension: true,
});
const overridden = (limit: ReturnType<typeof tokens>): Fact =>
  overrideOf(QUOTA, [limit], START + HOUR);
const blocked = unbounded(tokens(1n), 'blocked');
const proposal = { proposalId: 'moka-p4' };
const rollout = { rolloutId: 'moka-r4' };
const stageOf = (percent: number): RolloutStage => ({
  selector: { percent, zones: [], hosts: [] },
  bakeMicros: 0n,
});
const rolledOut = {
  steps: [stepOf(change({ setLimits: [tokens(30n)] }))],
  stages: [stageOf(10), stageOf(50)],
  gate: null,
};
const rolloutStarted: Fact = {
  type: 'RolloutStarted',
  data: {
    ...rollout,
    ...rolledOut,
    place: QUOTA,
    candidates: [{ quotaId: QUOTA, content: contentWith(tokens(30n)), rightsized: null }],
  },
};
const atLastStage: Fact = {
  type: 'RolloutAdvanced',
  data: { ...rollout, stage: 1, quotaIds: [QUOTA], cause: 'person', evidence: null },
};

/** What each command is, and who alone may send it. Every command of the table stands here. */
const cases: readonly {
  readonly what: string;
  readonly body: CommandBody;
  readonly past?: readonly Fact[];
  readonly may: readonly Kind[];
}[] = [
  {
    what: 'RegisterApplication',
    body: { type: 'RegisterApplication', data: { ...registration, displayName: 'Mokka' } },
    may: ['an admin'],
  },
  {
    what: 'SetEntitlement',
    body: {
      type: 'SetEntitlement',
      data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 9n, source: null },
    },
    may: ['an admin'],
  },
  {
    what: 'SetEntitlement of an allocation',
    body: {
      type: 'SetEntitlement',
      data: {
        project: 'acme/a',
        resource: 'tokens',
        bound: 'amount',
        amount: 9n,
        source: { organization: 'acme', budgetId: 'monthly', allocation: 7n },
      },
    },
    may: ['an admin', ...wideRobots],
  },
  { what: 'CreateQuota of the first level', body: create('moka/test'), may: everywhere },
  { what: 'CreateQuota below the parent', body: create('moka/prod/new'), may: above },
  { what: 'CreateQuota below the quota', body: create(`${QUOTA}/etl`), may: there },
  {
    what: 'CreateQuota with a guarantee below the quota',
    body: create(`${QUOTA}/etl`, [cores(2n, 4n)]),
    may: there,
  },
  { what: 'ChangeQuota that raises', body: change({ setLimits: [tokens(41n)] }), may: above },
  { what: 'ChangeQuota that lowers', body: change({ setLimits: [tokens(39n)] }), may: there },
  { what: 'ChangeQuota of labels', body: change({ labels: { a: 'b' } }), may: there },
  { what: 'ChangeQuota that unsets', body: change({ unsetLimits: ['tokens'] }), may: above },
  { what: 'DeclareQuota of a new one', body: declare('moka/prod/new'), may: above },
  { what: 'DeclareQuota that raises', body: declare(QUOTA, [tokens(41n)]), may: above },
  {
    what: 'DeleteQuota of what holds back',
    body: { type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'refuse' } },
    may: above,
  },
  {
    what: 'DeleteQuota of what holds nothing back',
    body: { type: 'DeleteQuota', data: { quotaId: `${QUOTA}/etl`, children: 'refuse' } },
    past: [created(`${QUOTA}/etl`, [], { owner: 'team-etl' })],
    may: there,
  },
  {
    what: 'MoveQuota to another name',
    body: { type: 'MoveQuota', data: { quotaId: QUOTA, toQuotaId: `${QUOTA}-2` } },
    may: above,
  },
  {
    what: 'MoveQuota out of the parent',
    body: { type: 'MoveQuota', data: { quotaId: QUOTA, toQuotaId: 'moka/ads' } },
    may: everywhere,
  },
  {
    what: 'ChangeTree that lowers',
    body: { type: 'ChangeTree', data: { steps: [stepOf(change({ setLimits: [tokens(39n)] }))] } },
    may: there,
  },
  {
    what: 'ChangeTree that raises',
    body: { type: 'ChangeTree', data: { steps: [stepOf(change({ setLimits: [tokens(41n)] }))] } },
    may: above,
  },
  { what: 'OverrideQuota with a number', body: override(tokens(1n)), may: above },
  { what: 'OverrideQuota that blocks', body: override(blocked), may: there },
  {
    what: 'LiftOverride that held back',
    body: { type: 'LiftOverride', data: { quotaId: QUOTA } },
    past: [overridden(blocked)],
    may: above,
  },
  {
    what: 'LiftOverride that let through',
    body: { type: 'LiftOverride', data: { quotaId: QUOTA } },
    past: [overridden(tokens(90n))],
    may: there,
  },
  {
    what: 'SuspendQuota',
    body: { type: 'SuspendQuota', data: { quotaId: QUOTA, until: null } },
    may: there,
  },
  {
    what: "ResumeQuota of somebody else's suspension",
    body: { type: 'ResumeQuota', data: { quotaId: QUOTA } },
    past: [suspended],
    may: above,
  },
  {
    what: 'RestoreQuota of a looser version',
    body: {
      type: 'RestoreQuota',
      data: { quotaId: QUOTA, version: 1n, content: tree[2].data.content },
    },
    past: [changedTo(tokens(39n))],
    may: above,
  },
  {
    what: 'RestoreQuota of a tighter version',
    body: {
      type: 'RestoreQuota',
      data: { quotaId: QUOTA, version: 2n, content: contentWith(tokens(39n)) },
    },
    past: [changedTo(tokens(39n)), changedTo(tokens(40n))],
    may: there,
  },
  { what: 'ResizeQuota that raises', body: resize(45n), may: [...above, ...reachingRobots] },
  { what: 'ResizeQuota that lowers', body: resize(39n), may: [...there, ...reachingRobots] },
  {
    what: 'ApproveProposal of a raise',
    body: { type: 'ApproveProposal', data: proposal },
    past: [opened(45n)],
    may: above,
  },
  {
    what: 'ApproveProposal of less',
    body: { type: 'ApproveProposal', data: proposal },
    past: [opened(39n)],
    may: there,
  },
  {
    what: 'RejectProposal',
    body: { type: 'RejectProposal', data: proposal },
    past: [opened(45n)],
    may: there,
  },
  {
    what: 'TransferQuota to another owner',
    body: { type: 'TransferQuota', data: { quotaId: QUOTA, owner: 'team-new', project: null } },
    may: there,
  },
  {
    what: 'TransferQuota to another payer',
    body: { type: 'TransferQuota', data: { quotaId: QUOTA, owner: null, project: 'acme/new' } },
    may: [...everywhere, 'an operator of the parent'],
  },
  {
    what: 'RequestIncrease',
    body: {
      type: 'RequestIncrease',
      data: { quotaId: QUOTA, limits: [tokens(45n)], unsetLimits: [] },
    },
    may: there,
  },
  {
    what: 'WithdrawProposal of another',
    body: { type: 'WithdrawProposal', data: proposal },
    past: [opened(45n)],
    may: [],
  },
  { what: 'StartRollout', body: { type: 'StartRollout', data: rolledOut }, may: there },
  {
    what: 'AdvanceRollout',
    body: { type: 'AdvanceRollout', data: { ...rollout, stage: 0, evidence: null } },
    past: [rolloutStarted],
    may: [...there, ...wideRobots],
  },
  {
    what: 'PauseRollout',
    body: { type: 'PauseRollout', data: rollout },
    past: [rolloutStarted],
    may: [...there, ...wideRobots],
  },
  {
    what: 'ResumeRollout',
    body: { type: 'ResumeRollout', data: rollout },
    past: [rolloutStarted],
    may: there,
  },
  {
    what: 'PromoteRollout',
    body: { type: 'PromoteRollout', data: { ...rollout, evidence: null } },
    past: [rolloutStarted, atLastStage],
    may: [...there, ...wideRobots],
  },
  {
    what: 'RollBackRollout',
    body: { type: 'RollBackRollout', data: { ...rollout, evidence: null } },
    past: [rolloutStarted],
    may: [...there, ...wideRobots],
  },
  {
    what: 'ApplyHaircut',
    body: applyHaircut([0, 100, 100, 100, 100]),
    may: [...everywhere, ...wideRobots],
  },
  {
    what: 'RecordRehearsal',
    body: { type: 'RecordRehearsal', data: rehearsal() },
    may: wideRobots,
  },
  {
    what: 'LiftHaircut',
    body: {
      type: 'LiftHaircut',
      data: {
        project: 'acme/assistant',
        budgetId: 'monthly',
        cause: 'person',
        spend: '1',
        budget: '2',
        after: null,
        most: 0,
        cutId: null,
      },
    },
    past: [haircutApplied(QUOTA, 100)],
    may: [...everywhere, ...wideRobots],
  },
];

const refusedForWant = new Set(['NOT_ALLOWED', 'NOT_OWNER', 'RAISE_NOT_ALLOWED']);

/** Resizing is no command of members: an owner who is one has the say, but not the door. */
function mayAtAll(kind: Kind, type: CommandMessage['type']): boolean {
  const isMemberOnly = kind.startsWith('an owner');
  return !isMemberOnly || commandAuthority[type].roles.includes('member');
}

function outcome({ decision }: Then): string {
  if (decision.kind === 'accepted') return 'may';
  const codes = decision.violations.map(({ code }) => code);
  return codes.every((code) => refusedForWant.has(code)) ? 'may not' : codes.join(', ');
}

describe('who may what', () => {
  it.each(cases)('$what', ({ body, past = [], may }) => {
    const kinds = Object.keys(senders) as Kind[];
    const found = kinds.map((kind) => {
      const then = given(...tree, ...past).when(body, senders[kind]);
      return `${kind}: ${outcome(then)}`;
    });
    const expected = kinds.map(
      (kind) => `${kind}: ${may.includes(kind) && mayAtAll(kind, body.type) ? 'may' : 'may not'}`,
    );
    expect(found).toEqual(expected);
  });

  it('is shown for every command of an application', () => {
    const shown = new Set(cases.map(({ body }) => body.type));
    const elsewhere = [
      ...['AllocateEntitlement', 'BeginCut', 'CompleteAllocation', 'CompleteCut', 'DefineBudget'],
      ...['ClosePeriod', 'DefinePriceBook', 'DefineProject', 'DefineTeam', 'GrantCredit'],
      ...['LiftBudgetOverride', 'OverrideBudget', 'RecordThreshold', 'RehearseCut'],
      ...['PublishTierPolicy', 'WithdrawCredit'],
      ...['RegisterOrganization', 'RetireBudget', 'RetireProject', 'RetireTeam'],
    ];
    expect([...shown, ...elsewhere].sort()).toEqual(Object.keys(commandAuthority).sort());
  });
});

describe('a raise', () => {
  const owner = senders['an owner of the quota'];
  const refused = (more: Partial<CommandData<'ChangeQuota'>>, ...words: string[]) =>
    given(...tree)
      .when(change(more), owner)
      .thenRefused('RAISE_NOT_ALLOWED', ...words);
  const allowed = (more: Partial<CommandData<'ChangeQuota'>>) =>
    expect(given(...tree).when(change(more), owner).decision.kind).toBe('accepted');

  it('names the quota whose owner could', () => {
    refused({ setLimits: [tokens(41n)] }, 'platform, the owner of moka/prod', '40', '41');
  });

  it('is a looser bound, burst, time or guarantee, or an unset that loosens', () => {
    refused({ setLimits: [tokens(40n, { burst: 41n })] }, 'burst 41');
    refused({ setLimits: [tokens(2_400n, { perMicros: 60_000_000n })] });
    refused({ setLimits: [cores(11n, 20n)] }, 'more of it out of moka/prod');
    refused({ setLimits: [cores(10n, 21n)] });
    refused({ unsetLimits: ['tokens'] }, '100');
    allowed({ setLimits: [tokens(39n, { burst: 40n })] });
    allowed({ setLimits: [cores(9n, 20n)] });
    allowed({ setLimits: [unbounded(tokens(1n), 'blocked')] });
  });

  it('is no way for an owner to end who pays', () => {
    const paid = [
      registered,
      created('moka/prod', [], { owner: 'platform' }),
      created(QUOTA, [tokens(40n)], { owner: 'team-ads', project: 'acme/assistant' }),
      created(`${QUOTA}/etl`, [tokens(10n)], { owner: 'team-ads' }),
    ] as const;
    const remove = (quotaId: string) =>
      ({ type: 'DeleteQuota', data: { quotaId, children: 'cascade' } }) as const;
    const platform = memberOf('platform');
    given(...paid)
      .when(remove(QUOTA), platform)
      .thenRefused('NOT_ALLOWED', 'acme/assistant', 'operator of moka/prod');
    const above = { ...platform, groups: ['platform', 'all'] };
    given(
      registered,
      created('moka/all', [], { owner: 'all' }),
      created('moka/all/x', [], { project: 'acme/assistant' }),
    )
      .when(remove('moka/all'), above)
      .thenRefused('NOT_ALLOWED');
    expect(given(...paid).when(remove(`${QUOTA}/etl`), platform).decision.kind).toBe('accepted');
    expect(given(...paid).when(remove(QUOTA), granted('operator', 'moka/prod')).decision.kind).toBe(
      'accepted',
    );
  });

  it('is the end of an override that held back a guarantee alone', () => {
    const lift = { type: 'LiftOverride', data: { quotaId: QUOTA } } as const;
    given(...tree, overrideOf(QUOTA, [cores(0n, 20n)], START + HOUR))
      .when(lift, memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'cores');
  });

  it("is whatever would be rid of a budget's cut", () => {
    const paid = [
      registered,
      created('moka/prod', [tokens(40n)], { owner: 'platform' }),
      created(QUOTA, [tokens(40n)], { owner: 'team-ads', project: 'acme/assistant' }),
      haircutApplied(QUOTA, 5_000),
    ] as const;
    const unset = change({ unsetLimits: ['tokens'] });
    const ads = memberOf('team-ads');
    // Nothing is looser: what is inherited is cut as well.
    expect(given(...paid).when(unset, ads).decision.kind).toBe('accepted');
    const fire = overrideOf('moka/prod', [tokens(40n)], START + HOUR);
    given(...paid, fire)
      .when(unset, ads)
      .thenRefused('RAISE_NOT_ALLOWED', 'cut', '20 per second to 40 per second', 'platform');
    expect(given(...paid, fire).when(unset, memberOf('platform')).decision.kind).toBe('accepted');
    given(...paid)
      .when({ type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'refuse' } }, ads)
      .thenRefused('RAISE_NOT_ALLOWED', 'cut', '20 per second to 40 per second');
  });

  it('is an unset or a deletion that lets an override above through', () => {
    const fire = [
      registered,
      created('moka/prod', [tokens(30n)], { owner: 'platform' }),
      created(QUOTA, [tokens(30n)], { owner: 'team-ads' }),
      overrideOf('moka/prod', [tokens(99n)], START + HOUR),
    ] as const;
    const ways: readonly CommandBody[] = [
      change({ unsetLimits: ['tokens'] }),
      { type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'refuse' } },
    ];
    for (const way of ways) {
      given(...fire)
        .when(way, memberOf('team-ads'))
        .thenRefused('RAISE_NOT_ALLOWED', 'by an override, 30 per second to 99 per second');
      for (const [past, group] of [
        [fire, 'platform'],
        [fire.slice(0, 3), 'team-ads'],
      ] as const) {
        expect(given(...past).when(way, memberOf(group)).decision.kind).toBe('accepted');
      }
    }
  });

  it('is what a cut leaves more of by rounding, though no more is declared', () => {
    const MINUTE = 60n * SECOND;
    const ads = memberOf('team-ads');
    const cutOf = (limits: readonly ResourceLimit[], inherited = tokens(30n)) => [
      registered,
      created('moka/prod', [inherited], { owner: 'platform' }),
      created(QUOTA, limits, { owner: 'team-ads' }),
      haircutApplied(QUOTA, 2_805),
    ];
    const set = (limit: ResourceLimit) => change({ setLimits: [limit] });
    const own = tokens(30n, { burst: 60n });
    const other = tokens(60n, { perMicros: 2n * SECOND, burst: 60n });
    const inTwoSeconds = '21 per second, burst 43 to 43 per 2 seconds, burst 43';
    given(...cutOf([own]))
      .when(set(other), ads)
      .thenRefused('RAISE_NOT_ALLOWED', "out of a budget's cut", inTwoSeconds);
    given(...cutOf([], own))
      .when(set(other), ads)
      .thenRefused('RAISE_NOT_ALLOWED', inTwoSeconds);
    given(...cutOf([own], other))
      .when(change({ unsetLimits: ['tokens'] }), ads)
      .thenRefused('RAISE_NOT_ALLOWED', inTwoSeconds);
    // One unit stays of each: sixty times as much of the second.
    given(...cutOf([tokens(60n, { perMicros: MINUTE })]), haircutApplied(QUOTA, 10_000))
      .when(set(tokens(1n)), ads)
      .thenRefused('RAISE_NOT_ALLOWED', '1 per minute to 1 per second');
    const accepted = (body: CommandBody, sender: Sender, ...past: readonly Fact[]) =>
      expect(given(...past).when(body, sender).decision.kind).toBe('accepted');
    accepted(set(other), memberOf('platform'), ...cutOf([own]));
    accepted(set(own), ads, ...cutOf([other]));
    accepted(set(tokens(29n, { burst: 60n })), ads, ...cutOf([own]));
    accepted(set(tokens(58n, { perMicros: 2n * SECOND, burst: 60n })), ads, ...cutOf([own]));
    accepted(change({ unsetLimits: ['tokens'] }), ads, ...cutOf([other], own));
  });

  it('is more protection and softer enforcement', () => {
    refused({ tier: 1 }, 'tier: 2 to 1');
    refused({ cutPriority: -1 }, 'cutPriority');
    refused({ action: 'mark' }, 'refuse to mark');
    refused({ mode: 'shadow' }, 'enforce to shadow');
    refused({ mode: 'off' });
    refused({ onStale: 'open' }, 'hold to open');
    allowed({ tier: 3 });
    allowed({ cutPriority: 1 });
    allowed({ mode: 'enforce' });
    allowed({ onStale: 'closed' });
  });

  it('is a limit for each caller where one was for all, and an enforcement on fewer hosts', () => {
    const requests = requestTerms();
    const each = { ...requests, eachOf: 'caller' };
    refused({ requests: each }, 'limits for all requests to limits for each caller');
    refused({ requests: { ...requests, rampPercent: 99 } }, 'on 100 of 100 hosts to 99');
    allowed({ requests: { ...requests, priority: 3 } });
  });

  it('is a limit of each host where the fleet shared it, and a greater safe share', () => {
    const requests = requestTerms({ scope: 'fleet', safeShareBasisPoints: 100 });
    const shared = created(QUOTA, [tokens(40n)], { owner: 'team-ads', requests });
    const asked = (more: Partial<typeof requests>) =>
      given(registered, created('moka/prod', [], { owner: 'platform' }), shared).when(
        change({ requests: { ...requests, ...more } }),
        owner,
      );
    const refusedAs = (more: Partial<typeof requests>, words: string) =>
      asked(more).thenRefused('RAISE_NOT_ALLOWED', words);
    refusedAs({ scope: null }, 'limits of the fleet to limits of each host');
    refusedAs({ safeShareBasisPoints: 101 }, 'a safe share of 100 parts of 10000 to 101');
    refusedAs({ safeShareBasisPoints: null }, 'to the even share');
    expect(asked({ safeShareBasisPoints: 99 }).decision.kind).toBe('accepted');
    allowed({ requests });
  });

  it('is a token bucket where a sliding window was, and not the other way, nor a trial', () => {
    const sliding = requestTerms({ counting: 'sliding_window' });
    allowed({ requests: sliding });
    allowed({ requests: requestTerms({ trial: [tokens(1_000_000n)] }) });
    const past = [
      registered,
      created('moka/prod', [tokens(100n)], { owner: 'platform' }),
      created(QUOTA, [tokens(90n)], { owner: 'team-ads', requests: sliding }),
    ];
    given(...past)
      .when(change({ requests: requestTerms({ counting: 'token_bucket' }) }), memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'a sliding window to token buckets');
  });

  it('is a way for a robot to raise', () => {
    refused(
      { rightsizing: [{ resource: 'tokens', min: 10n, max: 91n, workload: null, pinned: false }] },
      'rightsizing up to 91',
    );
    refused({
      rightsizing: [
        { resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false },
        { resource: 'cores', min: 1n, max: 21n, workload: null, pinned: false },
      ],
    });
    allowed({
      rightsizing: [{ resource: 'cores', min: 1n, max: 20n, workload: null, pinned: false }],
    });
  });

  it('is what falls back to a looser base limit', () => {
    const resized: Fact = {
      type: 'QuotaResized',
      data: { limit: tokens(20n), evidence, proposalId: null },
      quotaId: QUOTA,
    };
    given(...tree, resized)
      .when(change({ rightsizing: [] }), owner)
      .thenRefused('RAISE_NOT_ALLOWED', '20', '40');
  });

  it('is another window of a consumable, whose amounts do not compare', () => {
    const monthly: readonly Fact[] = [registered, created('moka/prod', [credits(10n, 'P30D')])];
    given(...monthly)
      .when(
        {
          type: 'ChangeQuota',
          data: { ...noChange, quotaId: 'moka/prod', setLimits: [credits(9n, 'P1D')] },
        },
        memberOf('team-ads'),
      )
      .thenRefused('RAISE_NOT_ALLOWED');
  });

  it('is what the quotas below take once their parent has unset its own limit', () => {
    const roomy = [
      registered,
      created('moka/prod', [cores(40n, 80n)], { owner: 'platform' }),
      created(QUOTA, [cores(10n, 80n)], { owner: 'team-ads' }),
    ] as const;
    const treeOf = (guaranteed: bigint): CommandBody => ({
      type: 'ChangeTree',
      data: {
        steps: [
          {
            ...stepOf(change({ unsetLimits: [] })),
            change: null,
            create: { quotaId: `${QUOTA}/etl`, content: content([cores(guaranteed, 80n)]) },
          },
          stepOf(change({ unsetLimits: ['cores'] })),
        ],
      },
    });
    given(...roomy)
      .when(treeOf(30n), memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'platform, the owner of moka/prod');
    for (const [guaranteed, group] of [
      [10n, 'team-ads'],
      [30n, 'platform'],
    ] as const) {
      const { decision } = given(...roomy).when(treeOf(guaranteed), memberOf(group));
      expect(decision.kind).toBe('accepted');
    }
  });

  it('is taken out of the nearest quota that declares the resource: its owner gives', () => {
    const past = [
      registered,
      created('moka/prod', [cores(40n, 80n)], { owner: 'platform' }),
      created('moka/prod/ads', [], { owner: 'team-ads' }),
    ] as const;
    const body = create('moka/prod/ads/etl', [cores(5n, 10n)]);
    given(...past)
      .when(body, memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'platform, the owner of moka/prod');
    given(...past)
      .when(body, granted('operator', 'moka/prod/ads'))
      .thenRefused('RAISE_NOT_ALLOWED');
    expect(given(...past).when(body, memberOf('platform')).decision.kind).toBe('accepted');
    expect(
      given(...past).when(create('moka/prod/ads/etl', [cores(0n, 10n)]), memberOf('team-ads'))
        .decision.kind,
    ).toBe('accepted');
  });
});

describe('an override', () => {
  const owner = senders['an owner of the quota'];
  const lift: CommandBody = { type: 'LiftOverride', data: { quotaId: QUOTA } };

  it('is lifted by the owner who set it, though it held back', () => {
    given(...tree, overridden(blocked))
      .when(lift, { ...owner, actor: ana })
      .then({ type: 'QuotaOverrideEnded', data: { end: 'lifted' }, quotaId: QUOTA });
  });

  it("of somebody else's is not replaced by one that lets more through", () => {
    const body: CommandBody = {
      type: 'OverrideQuota',
      data: { quotaId: QUOTA, limits: [unbounded(cores(0n, 1n), 'blocked')], until: START + HOUR },
    };
    given(...tree, overridden(blocked))
      .when(body, owner)
      .thenRefused('RAISE_NOT_ALLOWED', 'override that holds it back');
  });

  it('that holds back is not got rid of by deleting the quota', () => {
    given(registered, tree[1], created(QUOTA, [], { owner: 'team-ads' }), overridden(blocked))
      .when({ type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'refuse' } }, owner)
      .thenRefused('RAISE_NOT_ALLOWED');
  });
});

describe('permissions of their own', () => {
  it('are unlimited limits, within the scope of an admin', () => {
    const body = change({ setLimits: [unbounded(tokens(1n), 'unlimited')] });
    const past = [registered, created('moka/prod', []), tree[2]] as const;
    given(...past)
      .when(body, granted('operator', 'moka'))
      .thenRefused('UNLIMITED_NOT_ALLOWED');
    expect(given(...past).when(body, granted('admin', 'moka/prod')).decision.kind).toBe('accepted');
  });

  it('is to say who pays', () => {
    const body: CommandBody = {
      type: 'CreateQuota',
      data: { quotaId: `${QUOTA}/etl`, content: content([], { project: 'acme/other' }) },
    };
    given(...tree)
      .when(body, senders['an owner of the quota'])
      .thenRefused('NOT_ALLOWED', 'Who pays');
    expect(given(...tree).when(body, senders['an operator of the quota']).decision.kind).toBe(
      'accepted',
    );
  });
});

describe('money', () => {
  const streams = {
    DefineBudget: 'organization:acme',
    DefinePriceBook: 'pricebook:list',
    PublishTierPolicy: 'tierpolicy:standard',
  } as const;

  it.each(Object.entries(streams))('%s is for admins of its stream', (type, stream) => {
    const codes = (sender: Sender): string[] => {
      const message = stampCommand(stream, { type, data: {} } as never, sender);
      return commandViolations(message).map(({ code }) => code);
    };
    expect(codes(granted('admin', stream))).toEqual([]);
    expect(codes(as(['admin']))).toEqual([]);
    expect(codes(granted('admin', `${stream}x`))).toEqual(['NOT_ALLOWED']);
    expect(codes(granted('operator', stream))).toEqual(['NOT_ALLOWED']);
    expect(codes(as(['operator', 'robot'], { actor: rightsizer }))).toEqual(['NOT_ALLOWED']);
  });
});

describe('a refusal for want of ownership', () => {
  const state = stateAfter('application:moka', ...tree) as ApplicationState;
  const said = (more: Partial<Parameters<typeof ownershipViolations>[2]>): string => {
    const sender = { actor: ben, roles: ['member'], grants: [], groups: [], ...more };
    return ownershipViolations(state, QUOTA, sender)[0]?.message ?? '';
  };

  it('names the owners, and the groups of the sender as they are compared', () => {
    expect(said({ groups: ['group:team-ads'] })).toBe(
      `${QUOTA} is not yours: it takes team-ads, the owner of ${QUOTA}; platform, the owner of ` +
        `moka/prod; an operator of ${QUOTA}. You are in group:team-ads.`,
    );
    expect(said({})).toContain('You are in no group.');
  });

  it('says that the group would do, were there a role', () => {
    const message = said({ groups: ['team-ads'], roles: ['auditor'] });
    expect(message).toContain(
      'You are in team-ads, and hold none of the roles admin, operator, member there.',
    );
  });

  it('names ten groups and the first fifty characters of each', () => {
    const groups = Array.from({ length: 300 }, (_, index) => `${index}-`.padEnd(200, 'x'));
    const message = said({ groups });
    expect(message).toContain('… and 290 more.');
  });

  it('names the three nearest owners of a long path, and of each two quotas', () => {
    const path = ['moka', 'a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const owners = ['-', 'one', 'two', 'three', 'four', 'five', 'five', 'five'];
    const facts = path.slice(1).map((_name, index) => {
      const quotaId = path.slice(0, index + 2).join('/');
      return created(quotaId, [], { owner: owners[index + 1] ?? '' });
    });
    const deep = stateAfter('application:moka', registered, ...facts) as ApplicationState;
    const sender = { actor: ben, roles: ['member'], grants: [], groups: ['team-ads'] };
    expect(ownershipViolations(deep, path.join('/'), sender)[0]?.message).toContain(
      'five, the owner of moka/a/b/c/d/e/f/g and moka/a/b/c/d/e/f and 1 more; ' +
        'four, the owner of moka/a/b/c/d; three, the owner of moka/a/b/c; 2 more above; an operator of',
    );
  });
});

describe('a refusal for want of a role', () => {
  const grant = (scope: string) => ({ role: 'operator', scope });

  it('says what the sender has, and names no more grants than somebody reads', () => {
    const many = Array.from({ length: 8 }, (_, index) => grant(`moka/${index}`));
    expect(describeRoles({ roles: [], grants: [] })).toBe('You have no role.');
    expect(describeRoles({ roles: ['robot'], grants: [grant('moka')] })).toBe(
      'You have robot, operator of moka.',
    );
    expect(describeRoles({ roles: [], grants: many })).toMatch(/moka\/4 and 3 more\.$/);
  });

  it('tells a robot which roles of a person or service it takes', () => {
    given(registered)
      .when(
        { type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'cascade' } },
        as(['robot'], { actor: rightsizer }),
      )
      .thenRefused('NOT_ALLOWED', 'one of the roles', 'You have robot');
  });
});
