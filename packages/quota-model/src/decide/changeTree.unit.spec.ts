import type { TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { given } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import { content, cores, created, noChange, registered, sessions } from '../testing/samples.ts';

const none: TreeStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
};
type Limits = Parameters<typeof content>[0];
const create = (quotaId: string, limits: Limits = []): TreeStep => ({
  ...none,
  create: { quotaId, content: content(limits) },
});
const change = (quotaId: string, setLimits: NonNullable<Limits>): TreeStep => ({
  ...none,
  change: { ...noChange, quotaId, setLimits },
});
const move = (quotaId: string, toQuotaId: string): TreeStep => ({
  ...none,
  move: { quotaId, toQuotaId },
});
const remove = (quotaId: string, children: 'refuse' | 'cascade' = 'refuse'): TreeStep => ({
  ...none,
  delete: { quotaId, children },
});
const command = (...steps: TreeStep[]) => ({ type: 'ChangeTree', data: { steps } }) as const;
const changed = (quotaId: string, limits: Limits): Fact => ({
  type: 'QuotaChanged',
  data: { content: content(limits) },
  quotaId,
});

const shares = [
  registered,
  created('moka/prod', [cores(100n, 100n)]),
  created('moka/prod/ads', [cores(60n, 60n)]),
  created('moka/prod/etl', [cores(40n, 40n)]),
] as const;

describe('ChangeTree', () => {
  it('of no step is refused', () => {
    given(...shares)
      .when(command())
      .thenRefused('STEP_INVALID', 'no step');
  });

  it('names the step that is not its sender’s', () => {
    const member = { roles: ['member'], groups: ['strangers'] };
    const { decision } = given(...shares).when(
      command(change('moka/prod/etl', [cores(40n, 40n)]), remove('moka/prod/ads')),
      member,
    );
    expect(decision).toMatchObject({
      kind: 'refused',
      violations: [
        { code: 'NOT_OWNER', path: '/steps/0' },
        { code: 'NOT_OWNER', path: '/steps/1' },
      ],
    });
  });

  it('lets siblings exchange shares, in either order', () => {
    const [ads, etl] = [[cores(40n, 40n)], [cores(60n, 60n)]];
    given(...shares)
      .when(command(change('moka/prod/etl', etl), change('moka/prod/ads', ads)))
      .then(changed('moka/prod/etl', etl), changed('moka/prod/ads', ads));
    given(...shares)
      .when(command(change('moka/prod/ads', ads), change('moka/prod/etl', etl)))
      .then(changed('moka/prod/ads', ads), changed('moka/prod/etl', etl));
  });

  it('keeps guarantees within those of a parent that is lowered while a maximum below it grows', () => {
    given(...shares)
      .when(
        command(change('moka/prod/ads', [cores(60n, 61n)]), change('moka/prod', [cores(1n, 100n)])),
      )
      .thenRefused('CHILDREN_NEED_MORE', 'guarantees', 'moka/prod')
      .thenRefusedAt('/steps/1/change/setLimits/0');
  });

  it('lets a parent be lowered before its children are, in one command', () => {
    const lower = [cores(50n, 50n)];
    given(...shares)
      .when(
        command(
          change('moka/prod', lower),
          change('moka/prod/ads', [cores(10n, 50n)]),
          remove('moka/prod/etl'),
        ),
      )
      .then(changed('moka/prod', lower), changed('moka/prod/ads', [cores(10n, 50n)]), {
        type: 'QuotaDeleted',
        data: {},
        quotaId: 'moka/prod/etl',
      });
  });

  it('builds a tree, moves what it built and changes it there', () => {
    given(registered)
      .when(
        command(
          create('moka/a', [sessions(9n)]),
          create('moka/a/x', [sessions(5n)]),
          move('moka/a', 'moka/b'),
          change('moka/b/x', [sessions(6n)]),
        ),
      )
      .then(
        created('moka/a', [sessions(9n)]),
        created('moka/a/x', [sessions(5n)]),
        { type: 'QuotaMoved', data: { toQuotaId: 'moka/b' }, quotaId: 'moka/a' },
        changed('moka/b/x', [sessions(6n)]),
      );
  });

  it('is all or nothing, and tells every step that is wrong by itself', () => {
    const { decision } = given(...shares)
      .when(
        command(
          create('moka/prod/new', [sessions(1n)]),
          create('moka/prod/ads'),
          change('moka/nowhere', []),
          {
            ...none,
            create: { quotaId: 'moka/z', content: content() },
            move: null,
            delete: { quotaId: 'moka/z', children: 'refuse' },
          },
        ),
      )
      .thenRefused('QUOTA_EXISTS');
    expect(decision.kind === 'refused' && decision.violations).toMatchObject([
      { code: 'QUOTA_EXISTS', path: '/steps/1/create/quotaId' },
      { code: 'QUOTA_UNKNOWN', path: '/steps/2/change/quotaId' },
      { code: 'STEP_INVALID', path: '/steps/3' },
    ]);
  });

  it('tells every check of the resulting tree that fails, at the step that made it fail', () => {
    const { decision } = given(...shares, created('moka/dev', [sessions(5n)]))
      .when(
        command(
          change('moka/prod/ads', [cores(70n, 70n)]),
          change('moka/prod/etl', [cores(50n, 120n)]),
          create('moka/dev/x', [sessions(6n)]),
        ),
      )
      .thenRefused('PARENT_SUM_EXCEEDED', '120', '100', 'moka/prod');
    expect(decision.kind === 'refused' && decision.violations).toMatchObject([
      { code: 'PARENT_LIMIT_EXCEEDED', path: '/steps/1/change/setLimits/0' },
      { code: 'PARENT_LIMIT_EXCEEDED', path: '/steps/2/create/content/limits/0' },
      { code: 'PARENT_SUM_EXCEEDED', path: '/steps/1/change/setLimits/0' },
    ]);
  });

  it('expects versions as the steps before leave them, and of the stream as a whole', () => {
    const twice = (second: bigint) =>
      command(
        { ...change('moka/prod/ads', [cores(1n, 1n)]), expectedVersion: 1n },
        { ...change('moka/prod/ads', [cores(2n, 2n)]), expectedVersion: second },
      );
    given(...shares)
      .when(twice(1n))
      .thenRefused('VERSION_MISMATCH', '2');
    expect(given(...shares).when(twice(2n), { expectedVersion: 4n }).decision.kind).toBe(
      'accepted',
    );
    given(...shares)
      .when(twice(2n), { expectedVersion: 3n })
      .thenRefused('VERSION_MISMATCH', '4');
  });

  it('has at most 500 steps, and touches at most 5,000 quotas', () => {
    const many = Array.from({ length: 501 }, (_, index) => create(`moka/q${index}`));
    given(registered)
      .when(command(...many))
      .thenRefused('TOO_MANY', '501');
    const wide = Array.from({ length: EVENTS_PER_DECISION_MAX - 1 }, (_, index) =>
      created(`moka/a/q${index}`),
    );
    const back = [move('moka/a', 'moka/b'), move('moka/b', 'moka/c')];
    given(registered, created('moka/a'), ...wide)
      .when(command(...back))
      .thenRefused('TOO_MANY_EVENTS');
  });
});

describe('DeleteQuota with its children', () => {
  const past = [
    registered,
    created('moka/a', [sessions(9n)]),
    created('moka/a/x'),
    created('moka/a/x/y'),
    created('moka/a/z'),
  ] as const;
  const deletion = (children: 'refuse' | 'cascade') =>
    ({ type: 'DeleteQuota', data: { quotaId: 'moka/a', children } }) as const;

  it('is refused unless it says cascade', () => {
    given(...past)
      .when(deletion('refuse'))
      .thenRefused('QUOTA_HAS_CHILDREN', '2');
  });

  it('deletes children before their parents', () => {
    given(...past)
      .when(deletion('cascade'))
      .then(
        ...['moka/a/x/y', 'moka/a/z', 'moka/a/x', 'moka/a'].map((quotaId): Fact => ({
          type: 'QuotaDeleted',
          data: {},
          quotaId,
        })),
      );
  });

  it('deletes no more than 5,000 at once', () => {
    const wide = Array.from({ length: EVENTS_PER_DECISION_MAX }, (_, index) =>
      created(`moka/a/q${index}`),
    );
    given(registered, created('moka/a'), ...wide)
      .when(deletion('cascade'))
      .thenRefused('TOO_MANY_EVENTS', '5000');
  });
});
