import { describe, expect, it } from 'vitest';
import type { ResourceLimit, TreeStep } from '@prorata/schemas';
import { given } from '../testing/given.ts';
import type { Fact, Then } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  evidence,
  noChange,
  noTerms,
  registeredUnder as registered,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, rightsizer, SECOND, START } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';
import type { CommandBody, CommandData, Sender } from '../testing/stamp.ts';

const QUOTA = 'moka/prod/ads';
const terms = {
  owner: 'team-ads',
  rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
} as const;
const limits = [cores(10n, 20n), tokens(40n)] as const;
const tree = [
  created('moka/prod', [cores(40n, 80n), tokens(100n)], { owner: 'platform' }),
  created(QUOTA, limits, terms),
] as const;
const threshold = registered({ raiseApprovalAboveBasisPoints: 2_000 });
const change = (more: Partial<CommandData<'ChangeQuota'>>): CommandBody => ({
  type: 'ChangeQuota',
  data: { ...noChange, quotaId: QUOTA, ...more },
});
const request = (asked: readonly ResourceLimit[], unsetLimits: readonly string[] = []) =>
  ({ type: 'RequestIncrease', data: { quotaId: QUOTA, limits: asked, unsetLimits } }) as const;
const proposed = (
  origin: 'robot' | 'threshold' | 'request',
  asked: readonly ResourceLimit[],
  more: Partial<Extract<Fact, { type: 'ChangeProposed' }>['data']> = {},
) =>
  ({
    type: 'ChangeProposed',
    data: {
      proposalId: 'moka-p4',
      limits: asked,
      unsetLimits: [],
      evidence: null,
      origin,
      expiresAt: START + 7n * DAY,
      ...more,
    },
    quotaId: QUOTA,
  }) as const satisfies Fact;
const approve: CommandBody = { type: 'ApproveProposal', data: { proposalId: 'moka-p4' } };
const noStep: TreeStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
};
const stepsProposed = (place: string, steps: readonly TreeStep[]): Fact => ({
  type: 'TreeChangeProposed',
  data: { proposalId: 'moka-p4', place, steps, origin: 'threshold', expiresAt: START + 7n * DAY },
});
const typesOf = ({ decision }: Then): string[] =>
  decision.kind === 'accepted' ? decision.events.map(({ type }) => type) : ['refused'];
const withdraw: CommandBody = { type: 'WithdrawProposal', data: { proposalId: 'moka-p4' } };
const closed = (type: 'ProposalApproved' | 'ProposalExpired' | 'ProposalWithdrawn') =>
  ({ type, data: { proposalId: 'moka-p4' }, quotaId: QUOTA }) as const;
const changed = (next: readonly ResourceLimit[]): Fact => ({
  type: 'QuotaChanged',
  data: { content: content(next, terms) },
  quotaId: QUOTA,
});
const memberOf = (group: string, actor = ben): Sender => ({
  actor,
  roles: ['member'],
  groups: [group],
});

describe('a raise above the threshold of the application', () => {
  it('waits for a second person, whoever sends it', () => {
    given(threshold, ...tree)
      .when(change({ setLimits: [tokens(49n)] }), { roles: ['admin'] })
      .then(proposed('threshold', [tokens(49n)]))
      .thenResult('moka-p4');
    given(threshold, ...tree)
      .when(change({ setLimits: [tokens(48n)] }))
      .then(changed([cores(10n, 20n), tokens(48n)]));
  });

  it('is of bounds, bursts, times, guarantees and what has no number', () => {
    const waits = (body: CommandBody, ...past: readonly Fact[]) => {
      const { decision } = given(threshold, ...tree, ...past).when(body, { roles: ['admin'] });
      return decision.kind === 'accepted' && decision.events[0]?.type === 'ChangeProposed';
    };
    const set = (limit: ResourceLimit) => change({ setLimits: [limit] });
    expect(waits(set(tokens(40n, { burst: 49n })))).toBe(true);
    expect(waits(set(tokens(40n, { burst: 48n })))).toBe(false);
    expect(waits(set(tokens(2_401n, { perMicros: 60n * SECOND, burst: 40n })))).toBe(false);
    expect(waits(set(tokens(2_881n, { perMicros: 60n * SECOND, burst: 40n })))).toBe(true);
    expect(waits(set(cores(13n, 20n)))).toBe(true);
    expect(waits(set(cores(12n, 20n)))).toBe(false);
    expect(waits(change({ unsetLimits: ['tokens'] }))).toBe(true);
    expect(waits(set(sessions(1n)))).toBe(false);
    expect(waits(set(tokens(1n)))).toBe(false);
    const blocked = unbounded(tokens(1n), 'blocked');
    expect(waits(set(tokens(1n)), changed([cores(10n, 20n), blocked]))).toBe(true);
  });

  it('is checked before it waits: what could never be is refused at once', () => {
    given(threshold, ...tree)
      .when(change({ setLimits: [tokens(101n)] }))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
    given(threshold, ...tree)
      .when(change({ setLimits: [tokens(60n)] }), memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED');
  });

  it('waits with all else of its command, which would be lost otherwise', () => {
    const more = { setLimits: [tokens(60n)], labels: { a: 'b' } };
    const step = {
      ...noStep,
      expectedVersion: 1n,
      change: { ...noChange, quotaId: QUOTA, ...more },
    };
    given(threshold, ...tree)
      .when(change(more), { expectedVersion: 1n })
      .then(stepsProposed(QUOTA, [step]))
      .thenResult('moka-p4');
    const [first, second] = [48n, 49n].map((amount) => ({
      ...noStep,
      change: { ...noChange, quotaId: QUOTA, setLimits: [tokens(amount)] },
    }));
    const raise = (steps: readonly (typeof first)[]) =>
      given(threshold, ...tree).when({ type: 'ChangeTree', data: { steps } } as never);
    expect(typesOf(raise([first, second]))).toEqual(['TreeChangeProposed']);
    expect(typesOf(raise([second]))).toEqual(['ChangeProposed']);
  });

  it('is no less one when a new quota takes the place of the former in one command', () => {
    const next = `${QUOTA}-next`;
    const replace = (amount: bigint) => {
      const raised = content([cores(10n, 20n), tokens(amount)]);
      const removal = { ...noStep, delete: { quotaId: QUOTA, children: 'refuse' } };
      const inPlace = [removal, { ...noStep, create: { quotaId: QUOTA, content: raised } }];
      const beside = [
        removal,
        { ...noStep, create: { quotaId: next, content: raised } },
        { ...noStep, move: { quotaId: next, toQuotaId: QUOTA } },
      ];
      return [inPlace, beside].map((steps) =>
        typesOf(given(threshold, ...tree).when({ type: 'ChangeTree', data: { steps } } as never)),
      );
    };
    expect(replace(49n)).toEqual([['TreeChangeProposed'], ['TreeChangeProposed']]);
    expect(replace(48n).flat()).not.toContain('TreeChangeProposed');
  });

  it('is of what is held along the path: a move, and what comes to an id, count too', () => {
    const below = created(`${QUOTA}/etl`);
    const wide = created('moka/wide', [tokens(10_000n)]);
    const move = (quotaId: string, toQuotaId: string): TreeStep => ({
      ...noStep,
      move: { quotaId, toQuotaId },
    });
    const out = move(`${QUOTA}/etl`, 'moka/wide/etl');
    given(threshold, ...tree, below)
      .when({ type: 'MoveQuota', data: { quotaId: `${QUOTA}/etl`, toQuotaId: 'moka/prod/etl' } })
      .then({
        ...stepsProposed(`${QUOTA}/etl`, [move(`${QUOTA}/etl`, 'moka/prod/etl')]),
        data: {
          proposalId: 'moka-p5',
          place: 'moka/prod',
          steps: [move(`${QUOTA}/etl`, 'moka/prod/etl')],
          origin: 'threshold',
          expiresAt: START + 7n * DAY,
        },
      } as Fact);
    const bulk = (...steps: TreeStep[]) =>
      typesOf(given(threshold, ...tree, below, wide).when({ type: 'ChangeTree', data: { steps } }));
    expect(bulk(out)).toEqual(['TreeChangeProposed']);
    // With a limit of its own from before, it moves as it is.
    const setLimits = [tokens(40n), cores(0n, 20n)];
    const held = { ...noChange, quotaId: `${QUOTA}/etl`, setLimits };
    expect(bulk({ ...noStep, change: held }, out)).toEqual(['QuotaChanged', 'QuotaMoved']);
    const removed: TreeStep = { ...noStep, delete: { quotaId: QUOTA, children: 'cascade' } };
    const spare: TreeStep = {
      ...noStep,
      create: { quotaId: 'moka/prod/spare', content: content([tokens(90n)]) },
    };
    expect(bulk(spare, removed, move('moka/prod/spare', QUOTA))).toEqual(['TreeChangeProposed']);
    const aside = move(QUOTA, 'moka/prod/aside');
    expect(bulk(spare, aside, move('moka/prod/spare', QUOTA))).toEqual(['TreeChangeProposed']);
    expect(bulk(aside)).toEqual(['QuotaMoved']);
  });

  it('is a mode that no longer enforces, and not the way back', () => {
    const to = (mode: 'off' | 'shadow' | 'enforce', ...past: readonly Fact[]) =>
      typesOf(given(threshold, ...tree, ...past).when(change({ mode })));
    expect(to('off')).toEqual(['TreeChangeProposed']);
    expect(to('shadow')).toEqual(['TreeChangeProposed']);
    const off: Fact = {
      type: 'QuotaChanged',
      data: { content: content(limits, { ...terms, mode: 'off' }) },
      quotaId: QUOTA,
    };
    expect(to('enforce', off)).toEqual(['QuotaChanged']);
  });

  it("holds back a person's resize, and a robot's that would apply", () => {
    const resize: CommandBody = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(49n), evidence },
    };
    const lenient: Fact = {
      type: 'ApplicationRegistered',
      data: {
        ...registration,
        version: 1n,
        meaningVersion: 1,
        robotChanges: 'apply',
        changePolicy: { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints: 2_000 },
      },
    };
    const waiting = proposed('threshold', [tokens(49n)], { evidence });
    given(threshold, ...tree)
      .when(resize)
      .then(waiting);
    given(lenient, ...tree)
      .when(resize, { actor: rightsizer, roles: ['robot'] })
      .then(waiting);
  });

  it('is no limit of an application that names none', () => {
    given(registered(), ...tree)
      .when(change({ setLimits: [tokens(100n)] }))
      .then(changed([cores(10n, 20n), tokens(100n)]));
  });
});

describe('a proposal by an API key that names no issuer', () => {
  const keyOf = (kind: 'service' | 'robot', issuer = 'prorata:api-keys') =>
    ({ kind, issuer, subject: 'ana' }) as const;
  const byKey = { ...memberOf('team-ads'), actor: keyOf('service') };

  it('is not opened above the threshold: its holder would approve it with a token', () => {
    const key = { actor: keyOf('service'), roles: ['operator'] };
    const setLimits = [tokens(49n)];
    const resize: CommandBody = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(49n), evidence },
    };
    for (const body of [change({ setLimits }), change({ setLimits, labels: { a: 'b' } }), resize])
      given(threshold, ...tree)
        .when(body, key)
        .thenRefused('KEY_WITHOUT_ISSUER', 'ana');
    given(threshold, ...tree)
      .when(change({ setLimits: [tokens(48n)] }), key)
      .then(changed([cores(10n, 20n), tokens(48n)]));
    given(threshold, ...tree)
      .when(change({ setLimits }), { ...key, actor: keyOf('service', 'https://id.test') })
      .then(proposed('threshold', setLimits));
  });

  it('is no request either where raises or creations have a threshold', () => {
    for (const facts of [threshold, registered({ creationApprovalAboveBasisPoints: 1_000 })])
      given(facts, ...tree)
        .when(request([tokens(60n)]), byKey)
        .thenRefused('KEY_WITHOUT_ISSUER');
    given(registered(), ...tree)
      .when(request([tokens(60n)]), byKey)
      .then(proposed('request', [tokens(60n)]));
  });

  it("is a robot's all the same, for a robot approves nothing", () => {
    const resize: CommandBody = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(41n), evidence },
    };
    given(threshold, ...tree)
      .when(resize, { actor: keyOf('robot'), roles: ['robot'] })
      .then(proposed('robot', [tokens(41n)], { evidence }));
  });

  it('is not approved where a threshold came after it', () => {
    const stream = new TestStream('application:moka');
    const policy = (raiseApprovalAboveBasisPoints: number | null): CommandBody => ({
      type: 'RegisterApplication',
      data: {
        ...registration,
        changePolicy: { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints },
      },
    });
    const create = { quotaId: 'moka/a', content: content(limits, terms) };
    stream.send(policy(null));
    stream.send({ type: 'CreateQuota', data: create });
    const asked = { quotaId: 'moka/a', limits: [tokens(60n)], unsetLimits: [] };
    const opened = stream.send({ type: 'RequestIncrease', data: asked }, byKey);
    const proposalId = (opened.kind === 'accepted' ? opened.result : null) ?? '';
    const approval: CommandBody = { type: 'ApproveProposal', data: { proposalId } };
    stream.send(policy(2_000));
    expect(stream.send(approval, { actor: ana })).toMatchObject({
      violations: [{ code: 'KEY_WITHOUT_ISSUER', path: '/proposalId' }],
    });
    stream.send(policy(null));
    expect(stream.send(approval, { actor: ana }).kind).toBe('accepted');
  });
});

describe('RequestIncrease', () => {
  it('is for a member of the owning group, who may not raise', () => {
    given(registered(), ...tree)
      .when(request([tokens(60n)]), memberOf('team-ads'))
      .then(proposed('request', [tokens(60n)]))
      .thenResult('moka-p4');
    given(registered(), ...tree)
      .when(request([tokens(60n)]), memberOf('team-other'))
      .thenRefused('NOT_OWNER');
    given(registered(), ...tree)
      .when(request([tokens(60n)]), { actor: rightsizer, roles: ['robot'], groups: ['team-ads'] })
      .thenRefused('NOT_ALLOWED');
  });

  it('asks for what does not fit yet: whoever approves may make room', () => {
    given(registered(), ...tree)
      .when(request([tokens(200n)]), memberOf('team-ads'))
      .then(proposed('request', [tokens(200n)]));
    given(registered(), ...tree, proposed('request', [tokens(200n)]))
      .when(approve, { actor: ben })
      .thenRefused('PARENT_LIMIT_EXCEEDED');
  });

  it('asks for more, in limits that make sense', () => {
    const ask = (...asked: Parameters<typeof request>) =>
      given(registered(), ...tree).when(request(...asked), memberOf('team-ads'));
    ask([tokens(39n)]).thenRefused('NOTHING_TO_REQUEST');
    ask([tokens(40n)]).thenRefused('NOTHING_TO_REQUEST');
    ask([]).thenRefused('NOTHING_TO_REQUEST');
    ask([tokens(0n)]).thenRefused('LIMIT_ZERO_AMBIGUOUS');
    ask([unbounded(tokens(1n), 'unlimited')]).thenRefused('UNLIMITED_NOT_ALLOWED');
    expect(ask([tokens(0n)]).decision).toMatchObject({ violations: [{ path: '/limits/0' }] });
    ask([], ['tokens']).then(proposed('request', [], { unsetLimits: ['tokens'] }));
  });
});

describe('a proposal', () => {
  const open = [registered(), ...tree, proposed('request', [tokens(60n)])] as const;

  it('is the only open one of its resource', () => {
    given(...open)
      .when(request([tokens(70n)]), memberOf('team-ads'))
      .thenRefused('PROPOSAL_OPEN', 'moka-p4', 'tokens');
    given(...open)
      .when(request([], ['tokens']), memberOf('team-ads'))
      .thenRefused('PROPOSAL_OPEN');
    given(...open)
      .when(request([cores(11n, 20n)]), memberOf('team-ads'))
      .then(proposed('request', [cores(11n, 20n)], { proposalId: 'moka-p5' }));
    const robot = { actor: rightsizer, roles: ['robot'] };
    given(...open)
      .when({ type: 'ResizeQuota', data: { quotaId: QUOTA, limit: tokens(41n), evidence } }, robot)
      .thenRefused('PROPOSAL_OPEN');
  });

  it('is approved by somebody else who could raise alone', () => {
    const approved = [closed('ProposalApproved'), changed([cores(10n, 20n), tokens(60n)])];
    given(...open)
      .when(approve, memberOf('platform'))
      .then(...approved)
      .thenResult('moka-p4');
    given(...open)
      .when(approve, { actor: ben })
      .then(...approved);
    given(...open)
      .when(approve, memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'platform');
    given(...open)
      .when(approve, memberOf('team-other'))
      .thenRefused('NOT_OWNER');
    // The kit's facts are of ana.
    given(...open)
      .when(approve, { actor: ana, roles: ['admin'] })
      .thenRefused('SELF_APPROVAL');
    given(...open)
      .when(approve, { actor: rightsizer, roles: ['robot', 'admin'] })
      .thenRefused('NOT_ALLOWED');
    // Nobody knows who holds the key: it may be ana.
    given(...open)
      .when(approve, { actor: { kind: 'service', issuer: 'prorata:api-keys', subject: 'ci' } })
      .thenRefused('NOT_ALLOWED', 'API key');
  });

  it('is approved above the threshold as well: the second person is there', () => {
    given(threshold, ...tree, proposed('threshold', [tokens(90n)]))
      .when(approve, { actor: ben })
      .then(closed('ProposalApproved'), changed([cores(10n, 20n), tokens(90n)]));
  });

  it('is validated against the state of that moment, edits made meanwhile included', () => {
    given(...open, changed([cores(5n, 20n), tokens(30n)]))
      .when(approve, { actor: ben })
      .then(closed('ProposalApproved'), changed([cores(5n, 20n), tokens(60n)]));
    const lowered: Fact = {
      type: 'QuotaChanged',
      data: { content: content([cores(40n, 80n), tokens(50n)], { owner: 'platform' }) },
      quotaId: 'moka/prod',
    };
    const { decision } = given(...open, lowered).when(approve, { actor: ben });
    expect(decision).toMatchObject({
      violations: [{ code: 'PARENT_LIMIT_EXCEEDED', path: '/proposalId' }],
    });
  });

  it('unsets what it named', () => {
    given(registered(), ...tree, proposed('request', [], { unsetLimits: ['tokens'] }))
      .when(approve, { actor: ben })
      .then(closed('ProposalApproved'), changed([cores(10n, 20n)]));
  });

  it('that has come true meanwhile is approved and changes nothing', () => {
    given(...open, changed([cores(10n, 20n), tokens(60n)]))
      .when(approve, { actor: ben })
      .then(closed('ProposalApproved'));
  });

  it('is withdrawn by its proposer alone, a robot included', () => {
    given(...open)
      .when(withdraw, { actor: ana, roles: ['member'] })
      .then(closed('ProposalWithdrawn'));
    given(...open)
      .when(withdraw, { actor: ben, roles: ['admin'] })
      .thenRefused('NOT_ALLOWED');
    given(...open)
      .when(withdraw, { actor: rightsizer, roles: ['robot'] })
      .thenRefused('NOT_ALLOWED');
  });

  it('that is none any more says that it may be decided, and where to read how', () => {
    given(...open, { type: 'ProposalRejected', data: { proposalId: 'moka-p4' }, quotaId: QUOTA })
      .when(approve, { actor: ben })
      .thenRefused('PROPOSAL_UNKNOWN', 'may have been decided', 'GET /v1/proposals/moka-p4');
  });

  it('expires by itself, also after downtime', () => {
    given(...open)
      .at(START + 30n * DAY)
      .when(approve, { actor: ben })
      .thenRefused('PROPOSAL_UNKNOWN');
  });

  it("of a log from before there were others is a robot's resize", () => {
    const old: Fact = {
      type: 'ProposalOpened',
      data: { proposalId: 'moka-p4', limit: tokens(50n), evidence, expiresAt: START + DAY },
      quotaId: QUOTA,
    };
    given(registered(), ...tree, old)
      .when(approve, { actor: ben })
      .then(closed('ProposalApproved'), {
        type: 'QuotaResized',
        data: { limit: tokens(50n), evidence, proposalId: 'moka-p4' },
        quotaId: QUOTA,
      });
  });
});
