import type { RobotRollout, RolloutEvidence, TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { rolledBackAt } from '../evolve/rolledBack.ts';
import type { ApplicationState } from '../model.ts';
import { RESIZES_STAGED_MAX } from '../modelBounds.ts';
import { ruleOf } from '../rules.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  bounds,
  content,
  cores,
  created,
  evidence,
  haircutApplied,
  noChange,
  noTerms,
  registeredAs,
  registration,
  requestTerms,
  tokens,
} from '../testing/samples.ts';
import { DAY, SECOND, START, rightsizer } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';

const QUOTA = 'moka/a';
const BAKE = 600n * SECOND;
const robot = { actor: rightsizer, roles: ['robot'] };
const robotRollout: RobotRollout = {
  stages: [
    { selector: { percent: 0, zones: [], hosts: ['h1'] }, bakeMicros: BAKE },
    { selector: { percent: 50, zones: [], hosts: [] }, bakeMicros: BAKE },
  ],
  gate: {
    measure: 'absolute',
    refusedBasisPointsMax: 100,
    errorBasisPointsMax: null,
    latencyP99MicrosMax: null,
    hostsMin: 1,
    decisionsMin: 100n,
  },
};
const terms = { ...registration, robotChanges: 'apply', robotRollout } as const;
const open = { rightsizing: [bounds('tokens', { min: 10n, max: 500n })] };
const tree: readonly Fact[] = [registeredAs(terms), created(QUOTA, [tokens(100n)], open)];

const resize = (amount = 150n, quotaId = QUOTA): CommandBody => ({
  type: 'ResizeQuota',
  data: { quotaId, limit: tokens(amount), evidence },
});
const stepOf = (amount: bigint, quotaId = QUOTA): TreeStep => ({
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: { quotaId, limit: tokens(amount), evidence },
});
const started = (amount = 150n, quotaId = QUOTA, rolloutId = 'moka-r3'): Fact => ({
  type: 'RolloutStarted',
  data: {
    rolloutId,
    place: quotaId,
    steps: [stepOf(amount, quotaId)],
    candidates: [{ quotaId, content: content([tokens(100n)], open), rightsized: [tokens(amount)] }],
    ...robotRollout,
  },
});
const resized = (amount = 150n): Fact => ({
  type: 'QuotaResized',
  data: { limit: tokens(amount), evidence, proposalId: null },
  quotaId: QUOTA,
});
const on = { rolloutId: 'moka-r3' };
const ends = { ...on, quotaIds: [QUOTA] };
const measured = (refused: bigint, from = START): RolloutEvidence => ({
  measuredFrom: from,
  measuredTo: from + BAKE,
  stage: {
    hosts: 1,
    decisions: 1_000n,
    refused,
    requests: 0n,
    errors: 0n,
    latencyP99Micros: null,
  },
  others: {
    hosts: 0,
    decisions: 0n,
    refused: 0n,
    requests: 0n,
    errors: 0n,
    latencyP99Micros: null,
  },
  broken: [],
});
const advanced: Fact = {
  type: 'RolloutAdvanced',
  data: { ...ends, stage: 1, cause: 'gate', evidence: measured(0n) },
};
const promote = (seen: RolloutEvidence | null = measured(0n)): CommandBody => ({
  type: 'PromoteRollout',
  data: { ...on, evidence: seen },
});
const rollBack: CommandBody = { type: 'RollBackRollout', data: { ...on, evidence: measured(9n) } };
const rolledBack: Fact = {
  type: 'RolloutRolledBack',
  data: { ...ends, cause: 'gate', evidence: measured(9n) },
};
const stateOf = (...facts: readonly Fact[]): ApplicationState =>
  stateAfter('application:moka', ...facts) as ApplicationState;

describe('a resize that the application rolls out', () => {
  it('by a robot begins a rollout, and sets nothing yet', () => {
    given(...tree)
      .when(resize(), robot)
      .then(started())
      .thenResult('moka-r3');
    const state = stateOf(...tree, started());
    expect(state.quotas.get(QUOTA)).toMatchObject({ version: 1n, rightsized: new Map() });
  });

  it('reaches the hosts of the stage, with all that inherits from it', () => {
    const below = created('moka/a/b');
    const state = stateOf(...tree, below, started());
    for (const quotaId of [QUOTA, 'moka/a/b']) {
      const { limits, candidate } = ruleOf(state, quotaId);
      expect(limits).toEqual([tokens(100n)]);
      expect(candidate).toMatchObject({
        rolloutId: 'moka-r3',
        selector: { percent: 0, hosts: ['h1'] },
        limits: [tokens(150n)],
      });
    }
  });

  it('is cut on both rules, for a cut lies on what evidence would set, too', () => {
    const { limits, candidate } = ruleOf(
      stateOf(...tree, started(50n), haircutApplied(QUOTA, 5_000)),
      QUOTA,
    );
    expect(limits).toEqual([tokens(50n)]);
    expect(candidate?.limits).toEqual([tokens(25n)]);
  });

  it('is set by the promotion, with its evidence and who began it', () => {
    const { decision } = given(...tree, started(), advanced)
      .at(START + BAKE)
      .when(promote(), robot)
      .then(
        {
          type: 'RolloutPromoted',
          data: { ...ends, cause: 'gate', evidence: measured(0n) },
        },
        resized(),
      )
      .thenResult('moka-r3');
    expect(decision).toMatchObject({ approved: { proposalId: 'moka-r3' } });
    given(...tree, started(), advanced)
      .at(START + BAKE)
      .when(promote(measured(90n)), robot)
      .thenRefused('ROLLOUT_GATE');
    given(...tree, started())
      .when(promote(), robot)
      .thenRefused('ROLLOUT_STAGE');
  });

  it('is rolled back by what hosts report, leaves what was, and is remembered until one comes through', () => {
    given(...tree, started())
      .at(START + SECOND)
      .when(rollBack, robot)
      .then(rolledBack);
    const back = [...tree, started(), rolledBack];
    const quotaIn = (...facts: readonly Fact[]) => {
      const quota = stateOf(...facts).quotas.get(QUOTA);
      if (quota === undefined) throw new Error(`There is no ${QUOTA}.`);
      return quota;
    };
    expect(quotaIn(...back)).toMatchObject({ version: 1n, rightsized: new Map() });
    expect(rolledBackAt(quotaIn(...back), 'tokens')).toBe(START);
    expect(rolledBackAt(quotaIn(...back), 'cores')).toBeNull();
    expect(rolledBackAt(quotaIn(...tree), 'tokens')).toBeNull();
    expect(quotaIn(...back, resized()).rolledBack).toBeNull();
    given(...back)
      .when(resize(140n), robot)
      .then(started(140n, QUOTA, 'moka-r5'));
  });

  it('is one at a time on a path, and keeps places free for people', () => {
    given(...tree, started())
      .when(resize(160n), robot)
      .thenRefused('QUOTA_IN_ROLLOUT', 'moka-r3');
    given(...tree, created('moka/a/b', [tokens(40n)], open), started())
      .when(resize(50n, 'moka/a/b'), robot)
      .thenRefused('QUOTA_IN_ROLLOUT', 'moka-r3');
    const ids = Array.from({ length: RESIZES_STAGED_MAX }, (_, n) => `moka/q${n}`);
    given(
      ...tree,
      ...ids.map((id) => created(id, [tokens(100n)], open)),
      ...ids.map((id, n) => started(150n, id, `moka-r${100 + n}`)),
    )
      .when(resize(), robot)
      .thenRefused('TOO_MANY', `${RESIZES_STAGED_MAX} resizes`);
  });

  it('holds at once where a person sends it, hosts do not count it, or the fleet shares it', () => {
    given(...tree)
      .when(resize())
      .then(resized());
    const fleet = { ...open, requests: requestTerms({ scope: 'fleet' }) };
    given(registeredAs(terms), created(QUOTA, [tokens(100n)], fleet))
      .when(resize(), robot)
      .then(resized());
    const wide = { rightsizing: [bounds('cores', { min: 10n, max: 500n })] };
    const data = { limit: cores(10n, 120n), evidence, proposalId: null };
    given(registeredAs(terms), created(QUOTA, [cores(10n, 100n)], wide))
      .when(
        { type: 'ResizeQuota', data: { quotaId: QUOTA, limit: cores(10n, 120n), evidence } },
        robot,
      )
      .then({ type: 'QuotaResized', data, quotaId: QUOTA });
  });

  it('waits for a person first where robots only propose, or the raise is above the threshold', () => {
    const { decision } = given(
      registeredAs({ ...terms, robotChanges: 'propose' }),
      created(QUOTA, [tokens(100n)], open),
    ).when(resize(), robot);
    expect(decision).toMatchObject({ kind: 'accepted', events: [{ type: 'ChangeProposed' }] });
    const changePolicy = { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints: 1_000 };
    const above = given(
      registeredAs({ ...terms, changePolicy }),
      created(QUOTA, [tokens(100n)], open),
    ).when(resize(), robot);
    expect(above.decision).toMatchObject({ events: [{ type: 'ChangeProposed' }] });
  });

  it('is judged anew at its promotion: by cuts, pins and bounds of then', () => {
    const later = (...facts: readonly Fact[]) =>
      given(...tree, started(), ...facts, advanced)
        .at(START + BAKE)
        .when(promote(), robot);
    later(haircutApplied(QUOTA, 1_000)).thenRefused('UNDER_HAIRCUT').thenRefusedAt('/rolloutId');
    const pinned = [bounds('tokens', { pinned: true })];
    later(registeredAs({ ...terms, rightsizing: pinned }, 2n)).thenRefused('PINNED', 'moka');
  });

  it('asks whom a registration would have asked about the resize', () => {
    const validator = {
      name: 'watch',
      url: 'https://watch.example.test/check',
      deadlineMillis: 1_000,
      retries: 0,
      onUnavailable: 'refuse',
      resources: [],
      commands: ['ResizeQuota'],
      secretRef: null,
    } as const;
    given(...tree, started(), registeredAs({ ...terms, validators: [validator] }, 2n), advanced)
      .at(START + BAKE)
      .when(promote(), robot)
      .thenRefused('VALIDATION_OUTDATED', 'watch');
  });

  it('does not go stale while its stages bake', () => {
    const changePolicy = { ...noTerms.changePolicy, usageMaxAgeMicros: 60n * SECOND };
    const past = [
      registeredAs({ ...terms, changePolicy }),
      created(QUOTA, [tokens(100n)], open),
    ] as const;
    given(...past)
      .when(resize(50n), robot)
      .then(started(50n));
    const { decision } = given(...past, started(50n), advanced)
      .at(START + BAKE)
      .when(promote(), robot);
    expect(decision).toMatchObject({ kind: 'accepted' });
  });

  it('is no step of another command', () => {
    given(...tree)
      .when({ type: 'ChangeTree', data: { steps: [stepOf(150n)] } })
      .thenRefused('STEP_INVALID', 'ResizeQuota');
    const change = { ...noChange, quotaId: QUOTA, setLimits: [tokens(90n)] };
    given(...tree)
      .when({
        type: 'StartRollout',
        data: { ...robotRollout, steps: [{ ...stepOf(150n), change }] },
      })
      .thenRefused('STEP_INVALID');
  });
});

describe('how an application rolls out resizes', () => {
  it('has stages and a gate as a rollout has them', () => {
    const wrong: readonly RobotRollout[] = [
      { ...robotRollout, stages: [] },
      { ...robotRollout, stages: [{ ...robotRollout.stages[0]!, bakeMicros: -1n }] },
      { ...robotRollout, stages: [{ ...robotRollout.stages[0]!, bakeMicros: 31n * DAY }] },
      { ...robotRollout, gate: { ...robotRollout.gate!, hostsMin: 0 } },
    ];
    for (const each of wrong) {
      given()
        .when({ type: 'RegisterApplication', data: { ...terms, robotRollout: each } })
        .thenRefused('ROLLOUT_INVALID');
    }
    given()
      .when({ type: 'RegisterApplication', data: { ...terms, robotRollout: wrong[0]! } })
      .thenRefusedAt('/robotRollout/stages');
  });
});
