import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import {
  cores,
  created,
  credits,
  haircutApplied,
  overridden,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { DAY, HOUR, rightsizer, START } from '../testing/stamp.ts';

const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant', tier: 1 }),
  created('moka/prod/ads', [sessions(4n), tokens(40n)], {
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
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
const robot = { actor: rightsizer, roles: ['robot'] };

describe('OverrideQuota', () => {
  const until = START + HOUR;

  it('overrides until a time, and again with what is newer', () => {
    given(...tree)
      .when(override('moka/prod/ads', [tokens(90n), sessions(9n)], until))
      .then(overridden('moka/prod/ads', [sessions(9n), tokens(90n)], until));
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], until))
      .when(override('moka/prod/ads', [tokens(80n)], until))
      .then(overridden('moka/prod/ads', [tokens(80n)], until, { replacesOverride: true }));
    given(...tree, overridden('moka/prod/ads', [tokens(90n)], until))
      .when(override('moka/prod/ads', [tokens(90n)], until))
      .thenNothing();
  });

  it('stays within the total where nobody above declares the resource', () => {
    const first = [registered, created('moka/prod'), created('moka/prod/ads', [cores(0n, 500n)])];
    const raise = (limit: ReturnType<typeof cores>) =>
      given(...first).when(override('moka/prod/ads', [limit], until));
    raise(cores(0n, 1_001n)).thenRefused('TOTAL_EXCEEDED', '1001', 'the total of moka, 1000');
    given(...first)
      .when(override('moka/prod/ads', [unbounded(cores(0n, 1n), 'unlimited')], until), {
        roles: ['admin'],
      })
      .thenRefused('TOTAL_EXCEEDED', 'unlimited');
    const all = cores(0n, 1_000n);
    raise(all).then(overridden('moka/prod/ads', [all], until));
    // A total that has shrunk refuses no override that is no raise.
    const big = created('moka/big', [cores(0n, 5_000n)]);
    const lower = cores(0n, 4_000n);
    given(registered, big)
      .when(override('moka/big', [lower], until))
      .then(overridden('moka/big', [lower], until));
    const resources = registration.resources.map((resource) =>
      resource.name === 'credits' ? { ...resource, total: 50n } : resource,
    );
    given(registeredAs({ ...registration, resources }, 1n), created('moka/prod'))
      .when(override('moka/prod', [credits(51n)], until))
      .thenRefused('TOTAL_EXCEEDED', 'credits', '50');
  });

  it('ends after now and within 366 days', () => {
    const to = (end: bigint) => given(...tree).when(override('moka/prod/ads', [tokens(90n)], end));
    to(START).thenRefused('OVERRIDE_END_INVALID');
    to(START + 366n * DAY + 1n).thenRefused('OVERRIDE_END_INVALID');
    to(START + 366n * DAY).then(overridden('moka/prod/ads', [tokens(90n)], START + 366n * DAY));
  });

  it('ends within a week, or when the application says, where it raises by more than one person may', () => {
    const to = (
      amount: bigint,
      end: bigint,
      overrideAboveApprovalMicrosMax: bigint | null = null,
    ) =>
      given(
        registeredAs({
          ...registration,
          changePolicy: {
            ...registration.changePolicy,
            raiseApprovalAboveBasisPoints: 1_000,
            overrideAboveApprovalMicrosMax,
          },
        }),
        ...tree.slice(1),
      ).when(override('moka/prod/ads', [tokens(amount)], end));
    to(45n, START + 7n * DAY + 1n).thenRefused('OVERRIDE_END_INVALID', 'moka/prod/ads', '7 days');
    to(45n, START + 7n * DAY).then(overridden('moka/prod/ads', [tokens(45n)], START + 7n * DAY));
    to(44n, START + 366n * DAY).then(
      overridden('moka/prod/ads', [tokens(44n)], START + 366n * DAY),
    );
    to(45n, START + HOUR + 1n, HOUR).thenRefused('OVERRIDE_END_INVALID', 'hour');
    to(45n, START + HOUR, HOUR).then(overridden('moka/prod/ads', [tokens(45n)], START + HOUR));
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
