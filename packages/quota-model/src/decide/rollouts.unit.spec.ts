import type {
  RemoteValidator,
  RolloutEvidence,
  RolloutFigures,
  RolloutGate,
  RolloutStage,
  TreeStep,
} from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { ruleOf } from '../rules.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact, FactOf } from '../testing/given.ts';
import {
  content,
  created,
  noChange,
  registered,
  registeredAs,
  registeredUnder,
  registration,
  requestTerms,
  tokens,
} from '../testing/samples.ts';
import { SECOND, START, ana, ben, rightsizer } from '../testing/stamp.ts';
import type { CommandBody, CommandData } from '../testing/stamp.ts';

const BAKE = 600n * SECOND;
const none = {
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
};

const setTokens = (amount: bigint, quotaId = 'moka/a'): TreeStep => ({
  ...none,
  change: { ...noChange, quotaId, setLimits: [tokens(amount)] },
  expectedVersion: null,
});

const stageOf = (percent: number, hosts: readonly string[] = []): RolloutStage => ({
  selector: { percent, zones: [], hosts },
  bakeMicros: BAKE,
});

const stages = [stageOf(0, ['h1']), stageOf(25)];

const gate: RolloutGate = {
  measure: 'absolute',
  refusedBasisPointsMax: 100,
  errorBasisPointsMax: null,
  latencyP99MicrosMax: null,
  hostsMin: 1,
  decisionsMin: 100n,
};

const figures = (refused: bigint, decisions = 1_000n): RolloutFigures => ({
  hosts: 1,
  decisions,
  refused,
  requests: 0n,
  errors: 0n,
  latencyP99Micros: null,
});

const measured = (refused: bigint, decisions?: bigint): RolloutEvidence => ({
  measuredFrom: START,
  measuredTo: START + BAKE,
  stage: figures(refused, decisions),
  others: figures(0n),
  broken: [],
});

const start = (more: Partial<CommandData<'StartRollout'>> = {}): CommandBody => ({
  type: 'StartRollout',
  data: { steps: [setTokens(80n)], stages, gate, ...more },
});

/** On `moka/a` after the registration and the creations of `moka` and `moka/a`. */
const started = (
  amount = 80n,
  more: Partial<FactOf<'RolloutStarted'>['data']> = {},
): FactOf<'RolloutStarted'> => ({
  type: 'RolloutStarted',
  data: {
    rolloutId: 'moka-r3',
    place: 'moka/a',
    steps: [setTokens(amount)],
    candidates: [{ quotaId: 'moka/a', content: content([tokens(amount)]), rightsized: null }],
    stages,
    gate,
    ...more,
  },
});

const tree: readonly Fact[] = [registered, created('moka/a', [tokens(100n)])];
const on = { rolloutId: 'moka-r3' };
const about = { ...on, quotaIds: ['moka/a'] };
const robot = { actor: rightsizer, roles: ['robot'] };
const advance = (stage: number, evidence: RolloutEvidence | null = null): CommandBody => ({
  type: 'AdvanceRollout',
  data: { ...on, stage, evidence },
});
const advanced = (
  cause: 'person' | 'gate' | 'timer',
  evidence: RolloutEvidence | null = null,
): Fact => ({ type: 'RolloutAdvanced', data: { ...about, stage: 1, cause, evidence } });
const promote = (evidence: RolloutEvidence | null = null): CommandBody => ({
  type: 'PromoteRollout',
  data: { ...on, evidence },
});

describe('the start of a rollout', () => {
  it('keeps what is declared, and says what would be', () => {
    given(...tree)
      .when(start())
      .then(started())
      .thenResult('moka-r3');
    const state = stateAfter('application:moka', ...tree, started());
    expect(state).toMatchObject({ kind: 'application', rollouts: { size: 1 } });
    if (state?.kind === 'application') {
      expect(state.quotas.get('moka/a')).toMatchObject({
        version: 1n,
        content: { limits: [tokens(100n)] },
      });
    }
  });

  it('passes all checks of the change that it brings', () => {
    const steep = registeredUnder({ decreaseStepMaxBasisPoints: 1_000 });
    given(steep, created('moka/a', [tokens(100n)]))
      .when(start())
      .thenRefused('DECREASE_TOO_STEEP');
    given(...tree, created('moka/a/b', [tokens(90n)]))
      .when(start({ steps: [setTokens(120n, 'moka/a/b')] }))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
    given(...tree)
      .when(start(), { actor: ben, roles: ['member'], groups: ['others'] })
      .thenRefused('NOT_OWNER');
  });

  it('is refused for a raise that waits for a second person', () => {
    given(
      registeredUnder({ raiseApprovalAboveBasisPoints: 1_000 }),
      created('moka/a', [tokens(100n)]),
    )
      .when(start({ steps: [setTokens(200n)] }))
      .thenRefused('APPROVAL_NEEDED', 'tokens');
  });

  it('is refused when it changes nothing, or more than quotas that are there', () => {
    given(...tree)
      .when(start({ steps: [setTokens(100n)] }))
      .thenRefused('ROLLOUT_INVALID', 'changes nothing');
    const gone: TreeStep = {
      ...none,
      delete: { quotaId: 'moka/a', children: 'refuse' },
      expectedVersion: null,
    };
    given(...tree)
      .when(start({ steps: [gone] }))
      .thenRefusedAt('/steps/0');
  });

  it('is refused for a limit of the whole fleet, whose shares no stage could have of its own', () => {
    const requests = requestTerms({ scope: 'fleet' });
    given(registered, created('moka/a', [tokens(100n)], { requests }))
      .when(start())
      .thenRefused('ROLLOUT_INVALID', 'whole fleet');
  });

  it('tells every stage and bound that is wrong', () => {
    const refusedAt = (more: Partial<CommandData<'StartRollout'>>, path: string): void => {
      given(...tree)
        .when(start(more))
        .thenRefusedAt(path);
    };
    refusedAt({ stages: [] }, '/stages');
    refusedAt({ stages: Array.from({ length: 11 }, (_, at) => stageOf(at + 1)) }, '/stages');
    refusedAt({ stages: [stageOf(0)] }, '/stages/0/selector');
    refusedAt({ stages: [stageOf(101)] }, '/stages/0/selector/percent');
    refusedAt({ stages: [stageOf(20), stageOf(10)] }, '/stages/1/selector');
    refusedAt({ stages: [{ ...stageOf(20), bakeMicros: -1n }] }, '/stages/0/bakeMicros');
    refusedAt({ gate: { ...gate, refusedBasisPointsMax: null } }, '/gate');
    refusedAt({ gate: { ...gate, refusedBasisPointsMax: 10_001 } }, '/gate');
    refusedAt({ gate: { ...gate, hostsMin: 0 } }, '/gate/hostsMin');
    refusedAt({ gate: { ...gate, decisionsMin: 0n } }, '/gate/decisionsMin');
    refusedAt(
      { stages: [stageOf(100)], gate: { ...gate, measure: 'above_others' } },
      '/gate/measure',
    );
    const many = Array.from({ length: 101 }, (_, at) => `h${at}`);
    refusedAt({ stages: [stageOf(0, many)] }, '/stages/0/selector');
  });

  it('is refused when its names would stand in too many rules', () => {
    const hosts = Array.from({ length: 100 }, (_, at) => `h${at}`.padEnd(256, 'x'));
    const facts = [registered, created('moka/a', [tokens(100n)])];
    for (let at = 0; at < 655; at += 1) facts.push(created(`moka/a/q${at}`, []));
    given(...facts)
      .when(start({ stages: [stageOf(0, hosts)] }))
      .thenRefused('TOO_LARGE', '655', 'percentage');
    given(...facts.slice(0, -1))
      .when(start({ stages: [stageOf(0, hosts)] }))
      .thenResult(`moka-r${facts.length}`);
  });

  it('asks whom a registration would have asked about the change', () => {
    const validator: RemoteValidator = {
      name: 'watch',
      url: 'https://watch.example.test/check',
      deadlineMillis: 1_000,
      retries: 0,
      onUnavailable: 'refuse',
      resources: [],
      commands: ['ChangeQuota'],
      secretRef: null,
    };
    const watched = registeredAs({ ...registration, validators: [validator] });
    given(watched, created('moka/a', [tokens(100n)]))
      .when(start())
      .thenRefused('VALIDATION_OUTDATED');
    const deletes = { ...validator, commands: ['DeleteQuota'] };
    given(
      registeredAs({ ...registration, validators: [deletes] }),
      created('moka/a', [tokens(100n)]),
    )
      .when(start())
      .thenResult('moka-r3');
  });

  it('of what another rollout changes, above or below, is refused by its name', () => {
    const below = created('moka/a/b', [tokens(50n)]);
    for (const [first, second] of [
      ['moka/a', 'moka/a'],
      ['moka/a', 'moka/a/b'],
      ['moka/a/b', 'moka/a'],
    ] as const) {
      const candidates = [{ quotaId: first, content: content([tokens(60n)]), rightsized: null }];
      given(...tree, below, started(60n, { candidates, steps: [setTokens(60n, first)] }))
        .when(start({ steps: [setTokens(55n, second)] }))
        .thenRefused('QUOTA_IN_ROLLOUT', 'moka-r3', first);
    }
  });
});

describe('a quota in a rollout', () => {
  it('takes no base change, resize, move or deletion, and names the rollout', () => {
    const quotaId = 'moka/a';
    const commands: readonly CommandBody[] = [
      { type: 'ChangeQuota', data: { ...noChange, quotaId, setLimits: [tokens(90n)] } },
      { type: 'MoveQuota', data: { quotaId, toQuotaId: 'moka/z' } },
      { type: 'DeleteQuota', data: { quotaId, children: 'refuse' } },
      { type: 'ChangeTree', data: { steps: [setTokens(90n)] } },
    ];
    for (const command of commands) {
      given(...tree, started())
        .when(command)
        .thenRefused('QUOTA_IN_ROLLOUT', 'moka-r3');
    }
    given(
      ...tree,
      created('moka/a/b', [tokens(50n)]),
      started(60n, {
        candidates: [{ quotaId: 'moka/a/b', content: content([tokens(40n)]), rightsized: null }],
      }),
    )
      .when({ type: 'DeleteQuota', data: { quotaId, children: 'cascade' } })
      .thenRefused('QUOTA_IN_ROLLOUT', 'moka/a/b');
  });

  it('is overridden and suspended at once, current and candidate alike', () => {
    const until = START + 3_600n * SECOND;
    const facts: readonly Fact[] = [
      ...tree,
      started(),
      {
        type: 'QuotaOverridden',
        data: { limits: [tokens(7n)], until, suspension: false, replacesOverride: false },
        quotaId: 'moka/a',
      },
    ];
    const state = stateAfter('application:moka', ...facts);
    if (state?.kind !== 'application') throw new Error('There is no application.');
    expect(ruleOf(state, 'moka/a')).toMatchObject({
      limits: [tokens(7n)],
      after: { at: until, limits: [tokens(100n)] },
      candidate: { limits: [tokens(7n)], afterLimits: [tokens(80n)] },
    });
  });
});

describe('the rules of a rollout', () => {
  const ruleAfter = (quotaId: string, ...facts: readonly Fact[]) => {
    const state = stateAfter('application:moka', ...facts);
    if (state?.kind !== 'application') throw new Error('There is no application.');
    return ruleOf(state, quotaId);
  };

  it('have both, with the hosts of this stage and of those before it', () => {
    expect(ruleAfter('moka/a', ...tree, started())).toMatchObject({
      limits: [tokens(100n)],
      candidate: {
        rolloutId: 'moka-r3',
        stage: 0,
        limits: [tokens(80n)],
        selector: { percent: 0, hosts: ['h1'] },
      },
    });
    expect(ruleAfter('moka/a', ...tree, started(), advanced('person'))).toMatchObject({
      candidate: { stage: 1, selector: { percent: 25, hosts: ['h1'] } },
    });
  });

  it('reach what is below only where they alter it', () => {
    const facts = [...tree, created('moka/a/b'), created('moka/a/c', [tokens(10n)])];
    expect(ruleAfter('moka/a/b', ...facts, started())).toMatchObject({
      limits: [tokens(100n)],
      candidate: { limits: [tokens(80n)] },
    });
    expect(ruleAfter('moka/a/c', ...facts, started()).candidate).toBeNull();
  });

  it('are one again once it is over', () => {
    const over: Fact = {
      type: 'RolloutRolledBack',
      data: { ...about, cause: 'person', evidence: null },
    };
    expect(ruleAfter('moka/a', ...tree, started(), over).candidate).toBeNull();
  });
});

describe('the next stage', () => {
  it('is begun by a person at any time, and by a command of an earlier stage never', () => {
    given(...tree, started())
      .when(advance(0))
      .then(advanced('person'));
    given(...tree, started(), advanced('person'))
      .when(advance(0))
      .thenRefused('ROLLOUT_STAGE', 'at stage 1');
    given(...tree, started(), advanced('person'))
      .when(advance(1))
      .thenRefused('ROLLOUT_STAGE', 'promote');
    given(...tree)
      .when(advance(0))
      .thenRefused('ROLLOUT_UNKNOWN', 'moka-r3');
    given(...tree, started())
      .when(advance(0), { actor: ben, roles: ['member'], groups: ['others'] })
      .thenRefused('NOT_OWNER');
  });

  it('is begun by a robot once the stage has baked and its evidence passes the gate', () => {
    const passing = measured(10n);
    given(...tree, started())
      .at(START + BAKE - SECOND)
      .when(advance(0, passing), robot)
      .thenRefused('ROLLOUT_BAKING', '1 second');
    const baked = () => given(...tree, started()).at(START + BAKE);
    baked().when(advance(0), robot).thenRefused('ROLLOUT_GATE');
    baked()
      .when(advance(0, measured(11n)), robot)
      .thenRefused('ROLLOUT_GATE', 'refused 1.1 %');
    baked()
      .when(advance(0, measured(0n, 99n)), robot)
      .thenRefused('ROLLOUT_GATE', '99 decisions');
    baked()
      .when(advance(0, { ...passing, measuredFrom: START - 1n }), robot)
      .thenRefused('ROLLOUT_GATE', 'not measured in this stage');
    baked().when(advance(0, passing), robot).then(advanced('gate', passing));
    baked()
      .when(advance(0, passing), {
        ...robot,
        roles: [],
        grants: [{ role: 'robot', scope: 'other' }],
      })
      .thenRefused('NOT_ALLOWED');
  });

  it('needs no evidence where no gate was asked for', () => {
    given(...tree, started(80n, { gate: null }))
      .at(START + BAKE)
      .when(advance(0), robot)
      .then(advanced('timer'));
  });

  it('waits while the rollout is paused, and bakes anew when it is resumed', () => {
    const paused: Fact = { type: 'RolloutPaused', data: { ...on, cause: 'person' } };
    const resumed: Fact = { type: 'RolloutResumed', data: { ...on, cause: 'person' } };
    given(...tree, started())
      .when({ type: 'PauseRollout', data: on })
      .then(paused);
    given(...tree, started(), paused)
      .when({ type: 'PauseRollout', data: on })
      .thenNothing();
    given(...tree, started(), paused)
      .when(advance(0))
      .thenRefused('ROLLOUT_PAUSED');
    const later = given(...tree, started(), paused).at(START + BAKE);
    later.when({ type: 'ResumeRollout', data: on }).then(resumed);
    later
      .at(START + 2n * BAKE - SECOND)
      .when(advance(0, measured(0n)), robot)
      .thenRefused('ROLLOUT_BAKING');
  });
});

describe('a promotion', () => {
  const changed: Fact = {
    type: 'QuotaChanged',
    data: { content: content([tokens(80n)]) },
    quotaId: 'moka/a',
  };
  const promoted = (cause: 'person' | 'gate', evidence: RolloutEvidence | null = null): Fact => ({
    type: 'RolloutPromoted',
    data: { ...about, cause, evidence },
  });

  it('declares the change in the same decision', () => {
    given(...tree, started())
      .when(promote())
      .then(promoted('person'), changed)
      .thenResult('moka-r3');
  });

  it('names who started the rollout beside who promotes it', () => {
    const { decision } = given(...tree, started()).when(promote(), { actor: ben });
    expect(decision).toMatchObject({
      approved: { proposalId: 'moka-r3', actor: ana, reason: 'a test', proposedAt: START },
    });
  });

  it('is a robot’s at the last stage alone, baked and with the gate held', () => {
    const passing = measured(0n);
    given(...tree, started())
      .at(START + BAKE)
      .when(promote(passing), robot)
      .thenRefused('ROLLOUT_STAGE');
    const last = given(...tree, started(), advanced('person')).at(START + BAKE);
    last.when(promote(measured(999n)), robot).thenRefused('ROLLOUT_GATE');
    last.when(promote(passing), robot).then(promoted('gate', passing), changed);
  });

  it('is validated anew, by the tree of now', () => {
    given(...tree, created('moka/a/b', [tokens(50n)]), started(60n), {
      type: 'QuotaCreated',
      data: { content: content([tokens(90n)]) },
      quotaId: 'moka/a/c',
    })
      .when(promote())
      .thenRefused('CHILDREN_NEED_MORE');
  });

  it('takes a raise that its starter might make, of whoever may end the rollout', () => {
    given(...tree, started(500n))
      .when(promote(), { actor: ana, roles: ['member'], groups: ['team-ads'] })
      .then(promoted('person'), { ...changed, data: { content: content([tokens(500n)]) } });
  });
});

describe('a rollout that is rolled back', () => {
  it('leaves what is declared, by a person or a robot, paused or not', () => {
    const rollBack = (evidence: RolloutEvidence | null): CommandBody => ({
      type: 'RollBackRollout',
      data: { ...on, evidence },
    });
    const broken = { ...measured(400n), broken: ['refused 40 %'] };
    const paused: Fact = { type: 'RolloutPaused', data: { ...on, cause: 'person' } };
    given(...tree, started(), paused)
      .when(rollBack(null))
      .then({ type: 'RolloutRolledBack', data: { ...about, cause: 'person', evidence: null } });
    given(...tree, started())
      .when(rollBack(broken), robot)
      .then({ type: 'RolloutRolledBack', data: { ...about, cause: 'gate', evidence: broken } });
    given(...tree, started())
      .when(rollBack({ ...broken, stage: { ...broken.stage, errors: -1n } }))
      .thenRefused('ROLLOUT_INVALID');
  });
});
