import { describe, expect, it } from 'vitest';
import type { ChangePolicy, ObservedUsage, ResourceLimit, Waiver } from '@prorata/schemas';
import { given } from '../testing/given.ts';
import type { Fact, Then } from '../testing/given.ts';
import {
  cores,
  created,
  credits,
  evidence,
  noChange,
  noTerms,
  registeredUnder as registered,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ben, DAY, HOUR, rightsizer, SECOND, START } from '../testing/stamp.ts';
import type { CommandBody, Sender } from '../testing/stamp.ts';
import type { RefusalCode } from '../refusalCodes.ts';
import { safetyChecks } from './safety.ts';

const QUOTA = 'moka/prod/ads';
const tree = (...limits: readonly ResourceLimit[]): readonly Fact[] => [
  created('moka/prod', [tokens(100n), cores(40n, 80n)], { owner: 'platform' }),
  created(QUOTA, limits, {
    owner: 'team-ads',
    rightsizing: [{ resource: 'tokens', min: 1n, max: 90n, workload: null, pinned: false }],
  }),
];
const set = (...setLimits: readonly ResourceLimit[]): CommandBody => ({
  type: 'ChangeQuota',
  data: { ...noChange, quotaId: QUOTA, setLimits },
});
const remove: CommandBody = { type: 'DeleteQuota', data: { quotaId: QUOTA, children: 'refuse' } };
const used = (amount: bigint, more: Partial<ObservedUsage> = {}): Sender => ({
  usage: [
    {
      quotaId: QUOTA,
      resource: 'tokens',
      used: amount,
      observedAt: START - 60n * SECOND,
      source: 'usage@7',
      ...more,
    },
  ],
});
const waiving = (...checks: readonly string[]): { readonly waivers: readonly Waiver[] } => ({
  waivers: checks.map((check) => ({ check, reason: 'the team agreed' })),
});
const codes = ({ decision }: Then): string[] =>
  decision.kind === 'refused' ? decision.violations.map(({ code }) => code) : [];
const waived = ({ decision }: Then): string[] =>
  decision.kind === 'accepted' ? decision.waivers.map(({ check }) => check) : ['refused'];

describe('BELOW_USAGE', () => {
  const past = [registered(), ...tree(tokens(40n), cores(10n, 20n))] as const;

  it('compares a decrease with what was in use, and when and where that was seen', () => {
    given(...past)
      .when(set(tokens(30n)), used(31n))
      .thenRefused('BELOW_USAGE', '31 per second', '2025-12-31T23:59:00', 'usage@7', '30');
    expect(waived(given(...past).when(set(tokens(30n)), used(30n)))).toEqual([]);
    expect(waived(given(...past).when(set(tokens(41n)), used(99n)))).toEqual([]);
  });

  it('counts a rate by the second', () => {
    const slow = tokens(1_800n, { perMicros: 60n * SECOND, burst: 40n });
    expect(waived(given(...past).when(set(slow), used(30n)))).toEqual([]);
    given(...past)
      .when(set({ ...slow, amount: 1_799n }), used(30n))
      .thenRefused('BELOW_USAGE');
  });

  it('counts everything against what is blocked, and against a quota that goes', () => {
    given(...past)
      .when(set(unbounded(tokens(1n), 'blocked')), used(1n))
      .thenRefused('BELOW_USAGE', 'blocked');
    given(...past)
      .when(remove, used(1n))
      .thenRefused('BELOW_USAGE');
    expect(waived(given(...past).when(remove, used(0n)))).toEqual([]);
  });

  it('is of the limits in force: what is above binds already', () => {
    const wide = [registered(), ...tree(tokens(100n))] as const;
    expect(waived(given(...wide).when(set(tokens(100n, { burst: 50n })), used(500n)))).toEqual([]);
  });

  it('looks at what was in use below a quota that falls', () => {
    const deep = [
      ...past,
      created(`${QUOTA}/etl`),
      created(`${QUOTA}/web`, [tokens(20n)]),
    ] as const;
    const seen = (quotaId: string, amount: bigint) => used(amount, { quotaId }).usage ?? [];
    given(...deep)
      .when(set(tokens(30n)), { usage: seen(`${QUOTA}/etl`, 31n) })
      .thenRefused('BELOW_USAGE', QUOTA, `${QUOTA}/etl`, '31 per second', '30');
    // Its own limit, which stays, is below that already.
    const web = given(...deep).when(set(tokens(30n)), { usage: seen(`${QUOTA}/web`, 31n) });
    expect(waived(web)).toEqual([]);
    const both = [...seen(`${QUOTA}/etl`, 20n), ...seen(`${QUOTA}/web`, 11n)];
    given(...deep)
      .when(set(tokens(30n)), { usage: both })
      .thenRefused('BELOW_USAGE', '31 per second', '2 quotas below it');
    // Whoever observed it as a whole knows better.
    const whole = given(...deep).when(set(tokens(30n)), { usage: [...both, ...seen(QUOTA, 25n)] });
    expect(waived(whole)).toEqual([]);
    const elsewhere = given(...deep).when(set(tokens(30n)), { usage: seen('moka/prod/adsx', 31n) });
    expect(waived(elsewhere)).toEqual([]);
  });

  it('holds for a resize, and for a proposal when it is approved', () => {
    const lenient: Fact = {
      type: 'ApplicationRegistered',
      data: { ...registration, version: 1n, meaningVersion: 1, robotChanges: 'apply' },
    };
    const resize: CommandBody = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(30n), evidence },
    };
    given(lenient, ...tree(tokens(40n)))
      .when(resize, { ...used(31n), actor: rightsizer, roles: ['robot'] })
      .thenRefused('BELOW_USAGE');
    const opened: Fact = {
      type: 'ProposalOpened',
      data: { proposalId: 'moka-p4', limit: tokens(30n), evidence, expiresAt: START + DAY },
      quotaId: QUOTA,
    };
    const approve: CommandBody = { type: 'ApproveProposal', data: { proposalId: 'moka-p4' } };
    const proposed = given(registered(), ...tree(tokens(40n)), opened);
    proposed.when(approve, { ...used(31n), actor: ben }).thenRefused('BELOW_USAGE');
    const then = proposed.when(approve, { ...used(31n), ...waiving('BELOW_USAGE'), actor: ben });
    expect(waived(then)).toEqual(['BELOW_USAGE']);
  });
});

describe('DECREASE_TOO_STEEP', () => {
  const policy = { decreaseStepMaxBasisPoints: 1_000 };
  const on = (before: ResourceLimit, after: ResourceLimit) =>
    given(registered(policy), ...tree(before)).when(set(after));

  it('lets a limit fall by the step of the application and no more', () => {
    on(tokens(40n), tokens(35n)).thenRefused('DECREASE_TOO_STEEP', '40', '35', '12.5 %', '10 %');
    expect(codes(on(tokens(40n), tokens(36n)))).toEqual([]);
    expect(codes(on(tokens(40n), tokens(2_160n, { perMicros: 60n * SECOND })))).toEqual([]);
    on(tokens(40n), tokens(2_159n, { perMicros: 60n * SECOND })).thenRefused('DECREASE_TOO_STEEP');
    on(sessions(5n), unbounded(sessions(1n), 'blocked')).thenRefused('DECREASE_TOO_STEEP', '100 %');
  });

  it('sees a guarantee and a burst that fall while the bound stays, and a limit that goes', () => {
    on(cores(10n, 10n), cores(8n, 10n)).thenRefused(
      'DECREASE_TOO_STEEP',
      'cores guaranteed',
      '10 to 8',
      '20 %',
    );
    expect(codes(on(cores(10n, 10n), cores(9n, 10n)))).toEqual([]);
    const burst = (amount: bigint) => tokens(40n, { burst: amount });
    on(burst(100n), burst(89n)).thenRefused('DECREASE_TOO_STEEP', 'tokens burst', '100 to 89');
    expect(codes(on(burst(100n), burst(90n)))).toEqual([]);
    // Without a number of its own the burst is the amount, whatever the time.
    on(tokens(2_400n, { perMicros: 60n * SECOND }), tokens(40n)).thenRefused(
      'DECREASE_TOO_STEEP',
      'burst',
    );
    const unset = { ...noChange, quotaId: QUOTA, unsetLimits: ['cores'] };
    given(registered(policy), ...tree(cores(10n, 10n)))
      .when({ type: 'ChangeQuota', data: unset })
      .thenRefused('DECREASE_TOO_STEEP', 'cores guaranteed', '10 to 0', '100 %');
  });

  it('measures from the limit in force, not from one that could not be reached', () => {
    const past = [registered(policy), ...tree(), created(`${QUOTA}/etl`)] as const;
    given(...past)
      .when(set(tokens(89n)))
      .thenRefused('DECREASE_TOO_STEEP', '100', '89');
    expect(codes(given(...past).when(set(tokens(90n))))).toEqual([]);
  });

  it('takes another window for too steep, since amounts do not compare', () => {
    on(credits(10n), credits(10n, 'P1M')).thenRefused('DECREASE_TOO_STEEP', 'window');
  });

  it('is asked of nobody where the application names no step', () => {
    expect(codes(given(registered(), ...tree(tokens(40n))).when(set(tokens(1n))))).toEqual([]);
  });
});

describe('BELOW_CHILDREN_SUM', () => {
  const children = [
    created(`${QUOTA}/a`, [tokens(20n)]),
    created(`${QUOTA}/b`, [tokens(1_200n, { perMicros: 60n * SECOND, burst: 20n })]),
  ] as const;

  it('is told when maxima that fit would not any more', () => {
    const past = [registered(), ...tree(tokens(40n)), ...children] as const;
    given(...past)
      .when(set(tokens(39n)))
      .thenRefused('BELOW_CHILDREN_SUM', '39');
    expect(codes(given(...past).when(set(tokens(41n))))).toEqual([]);
  });

  it('is not asked again of a tree that is oversubscribed already', () => {
    const past = [registered(), ...tree(tokens(39n)), ...children] as const;
    expect(codes(given(...past).when(set(tokens(38n))))).toEqual([]);
  });
});

describe('ALL_ZERO', () => {
  const past = [registered(), ...tree(tokens(40n), sessions(4n)), created('moka/free')] as const;
  const blocked = [unbounded(tokens(1n), 'blocked'), unbounded(sessions(1n), 'blocked')] as const;

  it('is told when everything that is limited would be blocked', () => {
    const all = [...blocked, unbounded(cores(0n, 1n), 'blocked')];
    given(...past)
      .when(set(...all))
      .thenRefused('ALL_ZERO', QUOTA);
    expect(codes(given(...past).when(set(...blocked)))).toEqual([]);
  });
});

describe('a guarantee that falls', () => {
  const step = { decreaseStepMaxBasisPoints: 5_000 };
  const past = (policy: Partial<ChangePolicy> = {}) =>
    [registered(policy), ...tree(cores(10n, 20n), tokens(40n))] as const;

  it('is a decrease, whatever becomes of the upper bound', () => {
    given(...past(step))
      .when(set(cores(4n, 20n)))
      .thenRefused('DECREASE_TOO_STEEP', 'from 10 to 4', '50 %');
    given(...past({ usageMaxAgeMicros: HOUR }))
      .when(set(cores(9n, 20n)))
      .thenRefused('STALE_USAGE');
    expect(codes(given(...past(step)).when(set(cores(5n, 20n))))).toEqual([]);
  });

  it('is one too when its resource is left out of the list that replaces all', () => {
    const leftOut: CommandBody = {
      type: 'ChangeQuota',
      data: { ...noChange, quotaId: QUOTA, setLimits: [tokens(40n)], onlySetLimits: true },
    };
    given(...past(step))
      .when(leftOut)
      .thenRefused('DECREASE_TOO_STEEP', 'from 10 to 0');
  });
});

describe('STALE_USAGE', () => {
  const policy = { usageMaxAgeMicros: HOUR };
  const past = [registered(policy), ...tree(tokens(40n))] as const;
  const at = (observedAt: bigint) =>
    given(...past).when(set(tokens(39n)), used(1n, { observedAt }));

  it('asks for usage, and for fresh usage, where the application does', () => {
    given(...past)
      .when(set(tokens(39n)))
      .thenRefused('STALE_USAGE', 'No usage of tokens');
    at(START - HOUR - 1n).thenRefused('STALE_USAGE', '3600 s');
    expect(codes(at(START - HOUR))).toEqual([]);
    expect(codes(given(...past).when(set(tokens(41n))))).toEqual([]);
    given(...past)
      .when(remove)
      .thenRefused('STALE_USAGE');
  });

  it('asks for none of what was blocked, below which nothing can be in use', () => {
    const blocked = [registered(policy), ...tree(unbounded(tokens(40n), 'blocked'))] as const;
    expect(codes(given(...blocked).when(remove))).toEqual([]);
    given(...blocked)
      .when(remove, used(1n))
      .thenRefused('BELOW_USAGE');
  });

  it('takes no usage of the future', () => {
    expect(codes(at(START + 300n * SECOND))).toEqual([]);
    at(START + 300n * SECOND + 1n).thenRefused('STALE_USAGE', 'future');
    at(2n ** 62n).thenRefused('STALE_USAGE', 'future');
  });

  it('takes the evidence of a resize for its usage', () => {
    const resize = (windowEnd: bigint): CommandBody => ({
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(39n), evidence: { ...evidence, windowEnd } },
    });
    expect(codes(given(...past).when(resize(START - HOUR)))).toEqual([]);
    given(...past)
      .when(resize(START - HOUR - 1n))
      .thenRefused('STALE_USAGE');
  });
});

describe('a waiver', () => {
  const policy = { decreaseStepMaxBasisPoints: 1_000 };
  const past = [registered(policy), ...tree(tokens(40n), sessions(4n))] as const;
  const steepBelow = set(tokens(10n));
  const member = (group: string): Sender => ({ actor: ben, roles: ['member'], groups: [group] });

  it('waives one check by its name; those that were needed stand on the events', () => {
    const both = { ...used(31n), ...waiving('BELOW_USAGE', 'DECREASE_TOO_STEEP', 'ALL_ZERO') };
    expect(waived(given(...past).when(steepBelow, both))).toEqual([
      'BELOW_USAGE',
      'DECREASE_TOO_STEEP',
    ]);
    expect(
      codes(given(...past).when(steepBelow, { ...used(31n), ...waiving('BELOW_USAGE') })),
    ).toEqual(['DECREASE_TOO_STEEP']);
    expect(waived(given(...past).when(set(tokens(39n)), both))).toEqual([]);
  });

  it('waives no authority and no sum', () => {
    const all = { waivers: safetyChecks.map((check) => ({ check, reason: 'why not' })) };
    given(...past)
      .when(set(tokens(101n)), all)
      .thenRefused('PARENT_LIMIT_EXCEEDED');
    given(...past)
      .when(set(tokens(41n)), { ...member('team-ads'), ...all })
      .thenRefused('RAISE_NOT_ALLOWED');
  });

  it('is for an operator of the quota, or an owner above it', () => {
    const by = (sender: Sender) =>
      given(...past).when(steepBelow, { ...sender, ...waiving('DECREASE_TOO_STEEP') });
    by(member('team-ads')).thenRefused('WAIVER_NOT_ALLOWED', 'platform, the owner of moka/prod');
    by(member('team-ads')).thenRefused('DECREASE_TOO_STEEP');
    expect(codes(by(member('team-ads')))[0]).toBe('WAIVER_NOT_ALLOWED');
    expect(waived(by(member('platform')))).toEqual(['DECREASE_TOO_STEEP']);
    const grants = [{ role: 'operator', scope: QUOTA }];
    expect(waived(by({ actor: ben, roles: [], grants }))).toEqual(['DECREASE_TOO_STEEP']);
  });

  it('names a check and a reason', () => {
    const refused = (waiver: Waiver, code: RefusalCode) =>
      given(...past)
        .when(steepBelow, { waivers: [waiver] })
        .thenRefused(code);
    refused({ check: 'ALL', reason: 'force' }, 'WAIVER_UNKNOWN');
    refused({ check: 'PARENT_LIMIT_EXCEEDED', reason: 'force' }, 'WAIVER_UNKNOWN');
    refused({ check: 'DECREASE_TOO_STEEP', reason: ' ' }, 'WAIVER_UNKNOWN');
    refused({ check: 'DECREASE_TOO_STEEP', reason: 'x'.repeat(1_025) }, 'TOO_LARGE');
    given(...past)
      .when(steepBelow, waiving('DECREASE_TOO_STEEP', ...safetyChecks))
      .thenRefused('TOO_MANY');
  });

  it("is no robot's", () => {
    const resize: CommandBody = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(39n), evidence },
    };
    given(...past)
      .when(resize, { actor: rightsizer, roles: ['robot'], ...waiving('BELOW_USAGE') })
      .thenRefused('WAIVER_NOT_ALLOWED');
  });

  it('comes with usage that is bounded and makes sense', () => {
    const one = used(1n).usage ?? [];
    given(...past)
      .when(steepBelow, { usage: Array.from({ length: 1_001 }, () => one[0]!) })
      .thenRefused('TOO_MANY');
    given(...past)
      .when(steepBelow, used(-1n))
      .thenRefused('USAGE_INVALID');
  });
});

describe("a robot's step", () => {
  const lenient: Fact = {
    type: 'ApplicationRegistered',
    data: {
      ...registration,
      version: 1n,
      meaningVersion: 1,
      robotChanges: 'apply',
      changePolicy: { ...noTerms.changePolicy, robotStepMaxBasisPoints: 1_000 },
    },
  };
  const resize = (limit: ResourceLimit, sender: Sender) =>
    given(lenient, ...tree(tokens(40n))).when(
      { type: 'ResizeQuota', data: { quotaId: QUOTA, limit, evidence } },
      sender,
    );
  const robot = { actor: rightsizer, roles: ['robot'] };

  it('is bounded up and down, in the burst as well, and for robots alone', () => {
    resize(tokens(45n), robot).thenRefused('ROBOT_STEP_TOO_LARGE', '10 %', '40', '45');
    resize(tokens(35n), robot).thenRefused('ROBOT_STEP_TOO_LARGE');
    resize(tokens(40n, { burst: 45n }), robot).thenRefused('ROBOT_STEP_TOO_LARGE');
    const sameByTheMinute = tokens(2_460n, { perMicros: 60n * SECOND, burst: 40n });
    expect(codes(resize(sameByTheMinute, robot))).not.toContain('ROBOT_STEP_TOO_LARGE');
    expect(codes(resize(tokens(44n), robot))).toEqual([]);
    expect(codes(resize(tokens(36n), robot))).toEqual([]);
    expect(codes(resize(tokens(45n), { actor: ben }))).toEqual([]);
  });
});
