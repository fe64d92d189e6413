import type { ResourceLimit, TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import {
  EVENTS_PER_DECISION_MAX,
  PROPOSED_STEPS_LENGTH_MAX,
  TREE_PROPOSALS_OPEN_MAX,
  TREE_PROPOSALS_PER_PROPOSER_MAX,
} from '../modelBounds.ts';
import { proposalsMeaning } from '../evolve/aliases.ts';
import { proposalNow } from '../evolve/proposalNow.ts';
import type { ApplicationState } from '../model.ts';
import { stateFromText, stateToText } from '../snapshot.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact, Then } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  credits,
  evidence,
  noChange,
  overridden,
  registeredUnder as registered,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, START } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import { dueTimes } from '../timers.ts';
import { MUST_EXIST } from './preconditions.ts';

const threshold = registered({ raiseApprovalAboveBasisPoints: 2_000 });
const [ADS, ETL] = ['moka/prod/ads', 'moka/prod/etl'];
const tree = [
  created('moka/prod', [tokens(100n)], { owner: 'platform' }),
  created(ADS, [tokens(20n)], { owner: 'team-ads' }),
  created(ETL, [tokens(20n)], { owner: 'team-etl' }),
] as const;
const past = [threshold, ...tree] as const;
const noStep: TreeStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
};
const setting = (quotaId: string, ...setLimits: readonly ResourceLimit[]): TreeStep => ({
  ...noStep,
  change: { ...noChange, quotaId, setLimits },
});
const steps = [setting(ADS, tokens(40n)), setting(ETL, tokens(10n))];
const changeTree = (...some: readonly TreeStep[]): CommandBody => ({
  type: 'ChangeTree',
  data: { steps: some },
});
const proposed = (place: string, some: readonly TreeStep[], proposalId = 'moka-p5') =>
  ({
    type: 'TreeChangeProposed',
    data: { proposalId, place, steps: some, origin: 'threshold', expiresAt: START + 7n * DAY },
  }) as const satisfies Fact;
const changed = (quotaId: string, limits: readonly ResourceLimit[], owner: string): Fact => ({
  type: 'QuotaChanged',
  data: { content: content(limits, { owner }) },
  quotaId,
});
const about = (type: 'ApproveProposal' | 'RejectProposal' | 'WithdrawProposal'): CommandBody => ({
  type,
  data: { proposalId: 'moka-p5' },
});
const ended = (type: 'ProposalApproved' | 'ProposalRejected' | 'ProposalWithdrawn'): Fact => ({
  type,
  data: { proposalId: 'moka-p5' },
});
const memberOf = (group: string) => ({ actor: ben, roles: ['member'], groups: [group] });
const typesOf = ({ decision }: Then): string[] =>
  decision.kind === 'accepted'
    ? decision.events.map(({ type }) => type)
    : decision.violations.map(({ code }) => code);
const open = [...past, proposed('moka/prod', steps)] as const;

describe('a change of several quotas above the threshold', () => {
  it('waits as a whole, at the nearest place above it', () => {
    given(...past)
      .when(changeTree(...steps))
      .then(proposed('moka/prod', steps))
      .thenResult('moka-p5');
    const within = [setting(ADS, tokens(40n)), setting(ADS, sessions(1n))];
    given(...past)
      .when(changeTree(...within))
      .then(proposed(ADS, within));
    const wide = [
      setting(ADS, tokens(40n)),
      { ...noStep, create: { quotaId: 'moka/x', content: content() } },
    ];
    given(...past)
      .when(changeTree(...wide))
      .then(proposed('moka', wide));
  });

  it('is checked before it waits: what could never be is refused at once', () => {
    given(...past)
      .when(changeTree(setting(ADS, tokens(101n)), setting(ETL, tokens(10n))))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
    given(...past)
      .when(changeTree(...steps), { ...memberOf('team-ads'), groups: ['team-ads', 'team-etl'] })
      .thenRefused('RAISE_NOT_ALLOWED');
  });

  it('says what its approval would yield, for it must fit into an append then', () => {
    const { decision } = given(...past).when(changeTree(...steps));
    expect(decision).toMatchObject({
      events: [{ type: 'TreeChangeProposed' }],
      awaited: [
        { type: 'ProposalApproved', data: { proposalId: 'moka-p5' } },
        { type: 'QuotaChanged', quotaId: ADS },
        { type: 'QuotaChanged', quotaId: ETL },
      ],
    });
    expect(given(...past).when(changeTree(setting(ADS, tokens(1n)))).decision).toMatchObject({
      events: [{ type: 'QuotaChanged' }],
      awaited: [],
    });
  });

  it('is bounded, one by one and together, for everybody holds it in memory', () => {
    const attributes = JSON.stringify({ text: 'x'.repeat(10_000) });
    const many = Array.from({ length: Math.ceil(PROPOSED_STEPS_LENGTH_MAX / 10_000) }, () => ({
      ...noStep,
      change: { ...noChange, quotaId: ETL, attributes },
    }));
    given(...past)
      .when(changeTree(setting(ADS, tokens(40n)), ...many))
      .thenRefused('TOO_LARGE', String(PROPOSED_STEPS_LENGTH_MAX));
    const waiting = (most: number) =>
      Array.from({ length: most }, (_, index) =>
        proposed('moka/prod', [setting(ADS, tokens(BigInt(index) + 50n))], `moka-p${index + 5}`),
      );
    given(...past, ...waiting(TREE_PROPOSALS_OPEN_MAX))
      .when(changeTree(...steps), { actor: ben })
      .thenRefused('TOO_MANY', '100');
    given(...past, ...waiting(TREE_PROPOSALS_PER_PROPOSER_MAX))
      .when(changeTree(...steps))
      .thenRefused('TOO_MANY', '20', 'you proposed');
    expect(
      typesOf(
        given(...past, ...waiting(TREE_PROPOSALS_PER_PROPOSER_MAX)).when(changeTree(...steps), {
          actor: ben,
        }),
      ),
    ).toEqual(['TreeChangeProposed']);
  });

  it('waits once, however often it is sent', () => {
    given(...open)
      .when(changeTree(...steps), { actor: ben })
      .thenRefused('PROPOSAL_OPEN', 'moka-p5');
  });

  it('does not wait where its approval would be an event too many', () => {
    const old = created('moka/old');
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => created(`moka/old/q${index}`));
    const both = changeTree(setting(ADS, tokens(40n)), {
      ...noStep,
      delete: { quotaId: 'moka/old', children: 'cascade' },
    });
    given(...past, old, ...many(EVENTS_PER_DECISION_MAX - 2))
      .when(both)
      .thenRefused('TOO_MANY_EVENTS', '5001');
  });
});

describe('a proposal of steps', () => {
  const approved = [
    ended('ProposalApproved'),
    changed(ADS, [tokens(40n)], 'team-ads'),
    changed(ETL, [tokens(10n)], 'team-etl'),
  ];

  it('is approved by somebody else who could do all of it', () => {
    given(...open)
      .when(about('ApproveProposal'), memberOf('platform'))
      .then(...approved)
      .thenResult('moka-p5');
    given(...open)
      .when(about('ApproveProposal'), { actor: ana })
      .thenRefused('SELF_APPROVAL');
    given(...open)
      .when(about('ApproveProposal'), memberOf('team-ads'))
      .thenRefused('NOT_OWNER', ETL);
  });

  it('is validated against the state of that moment', () => {
    given(...open, changed('moka/prod', [tokens(30n)], 'platform'))
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('PARENT_LIMIT_EXCEEDED', '/steps/0')
      .thenRefusedAt('/proposalId');
    const gone: Fact = { type: 'QuotaDeleted', data: {}, quotaId: ETL };
    given(...open, gone)
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('QUOTA_UNKNOWN', ETL);
    const seen = steps.map((step) => ({ ...step, expectedVersion: 1n }));
    given(...past, proposed('moka/prod', seen), changed(ETL, [tokens(19n)], 'team-etl'))
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('VERSION_MISMATCH', '/steps/1');
  });

  it('that expects a version is taken while the content of then holds', () => {
    const seen = steps.map((step) => ({ ...step, expectedVersion: 1n }));
    given(...past, proposed('moka/prod', seen), overridden(ETL, [tokens(1n)], START + DAY))
      .when(about('ApproveProposal'), { actor: ben })
      .then(...approved);
  });

  it('that expects quotas at whatever version is taken after they were changed', () => {
    const there = steps.map((step) => ({ ...step, expectedVersion: MUST_EXIST }));
    given(...past, proposed('moka/prod', there), changed(ETL, [tokens(19n)], 'team-etl'))
      .when(about('ApproveProposal'), { actor: ben })
      .then(...approved);
  });

  it('that expects the versions which its own steps lead to is taken after a cut', () => {
    const twice = [
      { ...setting(ADS, tokens(40n)), expectedVersion: 1n },
      { ...setting(ADS, sessions(1n)), expectedVersion: 2n },
    ];
    const wait = [...past, proposed(ADS, twice)];
    given(...wait, overridden(ADS, [tokens(1n)], START + DAY))
      .when(about('ApproveProposal'), { actor: ben })
      .then(
        ended('ProposalApproved'),
        changed(ADS, [tokens(40n)], 'team-ads'),
        changed(ADS, [sessions(1n), tokens(40n)], 'team-ads'),
      );
    const [first, second] = [setting(ADS, tokens(40n)), twice[1]!];
    given(...past, proposed(ADS, [first, second]), changed(ADS, [tokens(19n)], 'team-ads'))
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('VERSION_MISMATCH', '/steps/1');
  });

  it('that expects a version is not taken over what evidence has set since', () => {
    const seen = steps.map((step) => ({ ...step, expectedVersion: 1n }));
    const rightsizing = [{ resource: 'tokens', min: 1n, max: 90n, workload: null, pinned: false }];
    const bounded: Fact = {
      type: 'QuotaChanged',
      data: { content: content([tokens(20n)], { owner: 'team-etl', rightsizing }) },
      quotaId: ETL,
    };
    const resized: Fact = {
      type: 'QuotaResized',
      data: { limit: tokens(15n), evidence, proposalId: null },
      quotaId: ETL,
    };
    const later = [seen[0]!, { ...steps[1]!, expectedVersion: 2n }];
    given(...past, bounded, proposed('moka/prod', later), resized)
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('VERSION_MISMATCH', '/steps/1');
    const after = [seen[0]!, { ...steps[1]!, expectedVersion: 3n }];
    expect(
      typesOf(
        given(...past, bounded, resized, proposed('moka/prod', after)).when(
          about('ApproveProposal'),
          { actor: ben },
        ),
      ),
    ).toEqual(['ProposalApproved', 'QuotaChanged', 'QuotaChanged']);
  });

  it('goes with a quota that moves, and leaves who takes its id alone', () => {
    const moved: Fact = {
      type: 'QuotaMoved',
      data: { toQuotaId: 'moka/prod/new' },
      quotaId: ETL,
    };
    const other = created(ETL, [tokens(5n)], { owner: 'others' });
    const away = { toQuotaId: 'moka/new' };
    const back: Fact = { ...moved, quotaId: 'moka/new' };
    given(...open, { ...moved, data: away }, back, other)
      .when(about('ApproveProposal'), { actor: ben })
      .then(
        ended('ProposalApproved'),
        changed(ADS, [tokens(40n)], 'team-ads'),
        changed('moka/prod/new', [tokens(10n)], 'team-etl'),
      );
  });

  describe('means quotas and not their paths', () => {
    const move = (quotaId: string, toQuotaId: string): Fact => ({
      type: 'QuotaMoved',
      data: { toQuotaId },
      quotaId,
    });
    const gone = (quotaId: string): Fact => ({ type: 'QuotaDeleted', data: {}, quotaId });
    const moving = (quotaId: string, toQuotaId: string): TreeStep => ({
      ...noStep,
      move: { quotaId, toQuotaId },
    });
    const creating = (quotaId: string): TreeStep => ({
      ...noStep,
      create: { quotaId, content: content() },
    });
    const approve = (some: readonly TreeStep[], ...since: readonly Fact[]) =>
      given(...past, proposed('moka', some), ...since).when(about('ApproveProposal'), {
        actor: ben,
      });
    const remove = (quotaId: string): CommandBody => ({
      type: 'DeleteQuota',
      data: { quotaId, children: 'cascade' },
    });

    it('that it reaches by moves of its own', () => {
      const within = [moving(ADS, 'moka/prod/etl/x'), setting('moka/prod/etl/x', tokens(1n))];
      approve(within, move(ETL, 'moka/new'), created(ETL, [tokens(5n)])).then(
        ended('ProposalApproved'),
        move(ADS, 'moka/new/x'),
        changed('moka/new/x', [tokens(1n)], 'team-ads'),
      );
      const child = created('moka/prod/ads/a', [tokens(2n)]);
      const below = [moving(ADS, 'moka/ads'), setting('moka/ads/a', tokens(1n))];
      given(...past, child, proposed('moka', below), move('moka/prod/ads/a', 'moka/a'))
        .when(about('ApproveProposal'), { actor: ben })
        .then(ended('ProposalApproved'), move(ADS, 'moka/ads'), {
          type: 'QuotaChanged',
          data: { content: content([tokens(1n)]) },
          quotaId: 'moka/a',
        });
    });

    it('in which it makes something, also something of its own', () => {
      const making = [creating('moka/prod/etl/x'), creating('moka/prod/etl/x/y')];
      const anew = created(ETL, [tokens(5n)]);
      approve(making, move(ETL, 'moka/new'), anew).then(
        ended('ProposalApproved'),
        created('moka/new/x'),
        created('moka/new/x/y'),
      );
      const replaced = [moving(ETL, 'moka/old'), creating(ETL), setting(ETL, tokens(1n))];
      approve(replaced, move('moka/prod', 'moka/live')).then(
        ended('ProposalApproved'),
        move('moka/live/etl', 'moka/old'),
        created('moka/live/etl'),
        {
          type: 'QuotaChanged',
          data: { content: content([tokens(1n)]) },
          quotaId: 'moka/live/etl',
        },
      );
    });

    it('and ends with each of them: who takes a path later is another', () => {
      for (const some of [creating('moka/prod/etl/x'), moving(ADS, 'moka/prod/etl/ads')]) {
        given(...past, proposed('moka', [some]))
          .when(remove(ETL))
          .then(ended('ProposalRejected'), gone(ETL));
      }
      const child = created('moka/prod/ads/a', [tokens(2n)]);
      const below = [moving(ADS, 'moka/ads'), setting('moka/ads/a', tokens(1n))];
      given(...past, child, proposed('moka', below))
        .when(remove('moka/prod/ads/a'))
        .then(ended('ProposalRejected'), gone('moka/prod/ads/a'));
      given(...past, proposed('moka', [setting(ADS, tokens(1n))]))
        .when(remove(ETL))
        .then(gone(ETL));
    });

    it('also where a log of before has its end under the quota that it is in', () => {
      const within = [setting(ADS, tokens(40n)), setting(ADS, sessions(1n))];
      const rejected = { ...ended('ProposalRejected'), quotaId: ADS };
      const facts = [...past, proposed(ADS, within), rejected] as const;
      const state = stateAfter('application:moka', ...facts) as ApplicationState;
      expect([state.proposals.size, state.quotas.get(ADS)?.version]).toEqual([0, 2n]);
    });

    it('also where a log of before has a deletion alone', () => {
      const making = [creating('moka/prod/etl/x'), setting(ADS, tokens(1n))];
      approve(making, gone(ETL), created(ETL)).thenRefused('QUOTA_UNKNOWN', '/steps/0', ETL);
    });

    it('however long their paths become, and waits once under whatever paths', () => {
      const since = [move(ETL, `moka/${'x'.repeat(63)}`), created(ETL, [], { owner: 'x' })];
      const same = [setting(ADS, tokens(40n)), setting(`moka/${'x'.repeat(63)}`, tokens(10n))];
      given(...open, ...since)
        .when(changeTree(...same), { actor: ben })
        .thenRefused('PROPOSAL_OPEN', 'moka-p5');
      const other = given(...open, ...since).when(
        changeTree(setting(ADS, tokens(40n)), setting(ETL, tokens(10n))),
        { actor: ben },
      );
      expect(typesOf(other)).toEqual(['TreeChangeProposed']);
    });

    it('and is kept as a whole by a snapshot', () => {
      const facts = [...open, move(ETL, 'moka/new'), created(ETL)] as const;
      const state = stateAfter('application:moka', ...facts) as ApplicationState;
      const again = stateFromText(stateToText(state)) as ApplicationState;
      for (const each of [state, again]) {
        expect(proposalNow(each, each.proposals.get('moka-p5')!)).toMatchObject({
          quotaId: 'moka',
          steps: [setting(ADS, tokens(40n)), setting('moka/new', tokens(10n))],
        });
        expect(proposalsMeaning(each, [ETL])).toEqual([]);
        expect(proposalsMeaning(each, ['moka/new'])).toHaveLength(1);
      }
      const closed = stateAfter('application:moka', ...facts, ended('ProposalWithdrawn'));
      const { aliases, aliasByQuota, proposalsByAlias } = closed as ApplicationState;
      expect([aliases.size, aliasByQuota.size, proposalsByAlias.size]).toEqual([0, 0, 0]);
    });
  });

  it('ends with a quota that it names', () => {
    given(...open)
      .when({ type: 'DeleteQuota', data: { quotaId: ETL, children: 'refuse' } })
      .then(ended('ProposalRejected'), { type: 'QuotaDeleted', data: {}, quotaId: ETL });
  });

  it('is rejected by who has the say over all of it, and withdrawn by its proposer', () => {
    given(...open)
      .when(about('RejectProposal'), memberOf('platform'))
      .then(ended('ProposalRejected'));
    given(...open)
      .when(about('RejectProposal'), memberOf('team-ads'))
      .thenRefused('NOT_OWNER');
    given(...open)
      .when(about('WithdrawProposal'), { actor: ana })
      .then(ended('ProposalWithdrawn'));
    given(...open)
      .when(about('WithdrawProposal'), memberOf('platform'))
      .thenRefused('NOT_ALLOWED');
  });

  it('expires by itself, and leaves quotas and their versions as they are', () => {
    const state = stateAfter('application:moka', ...open) as ApplicationState;
    expect(dueTimes(state).map(({ timer }) => timer)).toEqual(['proposal:moka-p5']);
    expect(state.quotas.get(ADS)?.version).toBe(1n);
    given(...open)
      .at(START + 7n * DAY)
      .when(about('ApproveProposal'), { actor: ben })
      .thenRefused('PROPOSAL_UNKNOWN');
  });

  it('keeps the unit of the resources that it names', () => {
    const creation = { ...noStep, create: { quotaId: 'moka/x', content: content([sessions(1n)]) } };
    const resources = registration.resources.map((resource) =>
      resource.name === 'sessions' ? { ...resource, unit: 'connection' } : resource,
    );
    given(...past, proposed('moka', [creation]))
      .when({ type: 'RegisterApplication', data: { ...registration, resources } })
      .thenRefused('RESOURCE_IN_USE', 'moka-p5', 'sessions');
  });

  it('goes with the quota that it is in', () => {
    const within = [setting(ADS, tokens(40n)), setting(ADS, sessions(1n))];
    given(...past, proposed(ADS, within))
      .when({ type: 'DeleteQuota', data: { quotaId: ADS, children: 'refuse' } })
      .then(ended('ProposalRejected'), { type: 'QuotaDeleted', data: {}, quotaId: ADS });
  });
});

describe('a new quota', () => {
  const careful = registered({ creationApprovalAboveBasisPoints: 2_000 });
  const prod = created('moka/prod', [tokens(100n), cores(40n, 80n)]);
  const create = (quotaId: string, ...limits: readonly ResourceLimit[]) =>
    ({ type: 'CreateQuota', data: { quotaId, content: content(limits) } }) as const;
  const after = (command: CommandBody, ...more: readonly Fact[]) =>
    typesOf(given(careful, prod, ...more).when(command));

  it('waits when it gets more of what it is created in than the application says', () => {
    const at = 'moka/prod/new';
    expect(after(create(at, tokens(20n)))).toEqual(['QuotaCreated']);
    expect(after(create(at, tokens(21n)))).toEqual(['TreeChangeProposed']);
    expect(after(create(at, tokens(1_260n, { perMicros: 60_000_000n })))).toEqual([
      'TreeChangeProposed',
    ]);
    expect(after(create(at, cores(8n, 16n)))).toEqual(['QuotaCreated']);
    expect(after(create(at, cores(9n, 16n)))).toEqual(['TreeChangeProposed']);
    expect(after(create(at, cores(0n, 17n)))).toEqual(['TreeChangeProposed']);
    expect(after(create(at, unbounded(tokens(1n), 'blocked')))).toEqual(['QuotaCreated']);
    expect(after(create(at))).toEqual(['QuotaCreated']);
  });

  it("is measured by the application's total, and waits where there is nothing to measure it by", () => {
    expect(after(create('moka/new', cores(200n, 200n)))).toEqual(['QuotaCreated']);
    expect(after(create('moka/new', cores(201n, 201n)))).toEqual(['TreeChangeProposed']);
    expect(after(create('moka/new', sessions(1n)))).toEqual(['TreeChangeProposed']);
  });

  it('gets no further by a deletion first', () => {
    const small = created('moka/prod/ads', [tokens(5n)]);
    const gone: Fact = { type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' };
    expect(after(create('moka/prod/ads', tokens(21n)), small, gone)).toEqual([
      'TreeChangeProposed',
    ]);
  });

  it('waits once for all that is created in it by the same command', () => {
    const inside = (quotaId: string, ...limits: readonly ResourceLimit[]): TreeStep => ({
      ...noStep,
      create: { quotaId, content: content(limits) },
    });
    const both = (amount: bigint) =>
      after(
        changeTree(
          inside('moka/prod/new', tokens(amount)),
          inside('moka/prod/new/a', tokens(amount)),
        ),
      );
    expect(both(20n)).toEqual(['QuotaCreated', 'QuotaCreated']);
    expect(both(21n)).toEqual(['TreeChangeProposed']);
  });

  it('that is created empty waits with what is handed out to it, not with what tightens', () => {
    const empty = created('moka/prod/new', []);
    const set = (...setLimits: readonly ResourceLimit[]): CommandBody => ({
      type: 'ChangeQuota',
      data: { ...noChange, quotaId: 'moka/prod/new', setLimits },
    });
    expect(after(set(tokens(100n)), empty)).toEqual(['QuotaChanged']);
    expect(after(set(tokens(100n, { burst: 101n })), empty)).toEqual(['ChangeProposed']);
    expect(after(set(cores(8n, 80n)), empty)).toEqual(['QuotaChanged']);
    expect(after(set(cores(9n, 16n)), created('moka/prod/new', [tokens(5n)]))).toEqual([
      'ChangeProposed',
    ]);
    // Where nothing held it, any limit tightens.
    expect(after(set(sessions(1n)), empty)).toEqual(['QuotaChanged']);
    expect(after(set(credits(1n)), empty)).toEqual(['QuotaChanged']);
    const shop = created('moka/shop', [credits(100n)]);
    const fill = (amount: bigint): CommandBody => ({
      type: 'ChangeQuota',
      data: { ...noChange, quotaId: 'moka/shop/new', setLimits: [credits(amount)] },
    });
    expect(after(fill(20n), shop, created('moka/shop/new'))).toEqual(['QuotaChanged']);
    expect(after(fill(21n), shop, created('moka/shop/new'))).toEqual(['ChangeProposed']);
    const inside: TreeStep = {
      ...noStep,
      create: { quotaId: 'moka/prod/new/a', content: content([tokens(20n)]) },
    };
    const both = (amount: bigint) =>
      after(changeTree(setting('moka/prod/new', tokens(amount)), inside), empty);
    expect(both(20n)).toEqual(['QuotaChanged', 'QuotaCreated']);
    expect(both(100n)).toEqual(['QuotaChanged', 'QuotaCreated']);
    const large = { ...inside, create: { ...inside.create, content: content([tokens(21n)]) } };
    // What is created in it is measured by what was there before.
    const half = setting('moka/prod/new', tokens(100n));
    expect(after(changeTree(half, large as TreeStep), empty)).toEqual(['TreeChangeProposed']);
  });

  it('that is created small is raised at once where raises need no second person', () => {
    const small = created('moka/prod/new', [tokens(5n)]);
    const raise = changeTree(setting('moka/prod/new', tokens(90n)));
    expect(after(raise, small)).toEqual(['QuotaChanged']);
    const both = registered({
      creationApprovalAboveBasisPoints: 2_000,
      raiseApprovalAboveBasisPoints: 2_000,
    });
    expect(typesOf(given(both, prod, small).when(raise))).toEqual(['ChangeProposed']);
  });

  it('waits where it is created in what the same command moves', () => {
    const move = { quotaId: 'moka/prod/old', toQuotaId: 'moka/prod/new' };
    const child = { quotaId: 'moka/prod/new/a', content: content([tokens(20n)]) };
    const both = changeTree({ ...noStep, move }, { ...noStep, create: child });
    expect(after(both, created('moka/prod/old', [tokens(20n)]))).toEqual(['TreeChangeProposed']);
  });

  it('is made when a second person agrees', () => {
    const { data } = create('moka/prod/new', tokens(21n));
    given(careful, prod, proposed('moka/prod', [{ ...noStep, create: data }], 'moka-p5'))
      .when(about('ApproveProposal'), { actor: ben })
      .then(ended('ProposalApproved'), created('moka/prod/new', [tokens(21n)]));
  });
});
