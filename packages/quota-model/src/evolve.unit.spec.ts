import { describe, expect, it } from 'vitest';
import { evolve } from './evolve.ts';
import { BrokenStream } from './faults.ts';
import type { ApplicationState } from './model.ts';
import { stateAfter } from './testing/given.ts';
import { plainBook } from './testing/priceSamples.ts';
import {
  content,
  created,
  evidence,
  haircutApplied,
  registered,
  tokens,
} from './testing/samples.ts';
import { stampEvent } from './testing/stamp.ts';
import type { UnhashedDraft } from './testing/stamp.ts';

const stream = 'application:moka';
const quota = { quotaId: 'moka/prod', quotaVersion: 1n };
const fold = (state: ApplicationState | null, draft: UnhashedDraft, of = stream) =>
  evolve(state, stampEvent(draft, { stream: of, streamVersion: 9n }));
const moka = (): ApplicationState =>
  stateAfter(stream, registered, created('moka/prod')) as ApplicationState;

describe('evolve stops the partition', () => {
  const broken: readonly [string, ApplicationState | null, UnhashedDraft][] = [
    ['before the application is registered', null, { type: 'QuotaDeleted', data: {}, ...quota }],
    [
      'at a gap in a version',
      moka(),
      { type: 'QuotaDeleted', data: {}, ...quota, quotaVersion: 3n },
    ],
    [
      'at a quota created twice',
      moka(),
      { type: 'QuotaCreated', data: { content: content() }, ...quota, quotaVersion: 2n },
    ],
    [
      'at a quota that is not there',
      moka(),
      { type: 'QuotaDeleted', data: {}, quotaId: 'moka/x', quotaVersion: 1n },
    ],
    [
      'at a quota without a parent',
      moka(),
      { type: 'QuotaCreated', data: { content: content() }, quotaId: 'moka/x/y', quotaVersion: 1n },
    ],
    [
      'at a proposal that is not open',
      moka(),
      { type: 'ProposalExpired', data: { proposalId: 'p' }, ...quota, quotaVersion: 2n },
    ],
    [
      'at an event of another stream',
      moka(),
      {
        type: 'PriceBookDefined',
        data: { ...plainBook, currency: 'USD', prices: [], version: 1n },
        quotaId: null,
        quotaVersion: null,
      },
    ],
    [
      'at an event in a stream of another kind',
      null,
      {
        type: 'PriceBookDefined',
        data: { ...plainBook, currency: 'USD', prices: [], version: 1n },
        quotaId: null,
        quotaVersion: null,
      },
    ],
  ];
  it.each(broken)('%s', (_when, state, draft) => {
    expect(() => fold(state, draft)).toThrow(BrokenStream);
  });

  it('at a version of a price book that is skipped', () => {
    const data = { ...plainBook, currency: 'USD', prices: [], version: 2n };
    const draft = { type: 'PriceBookDefined', data, quotaId: null, quotaVersion: null } as const;
    expect(() => fold(null, draft, 'pricebook:list')).toThrow(BrokenStream);
  });
});

describe('evolve', () => {
  const rightsizing = [{ resource: 'tokens', min: 1n, max: 50n, workload: null, pinned: false }];
  const base = [
    registered,
    created('moka/prod', [tokens(10n)], { rightsizing }),
    {
      type: 'QuotaResized',
      data: { limit: tokens(40n), evidence, proposalId: null },
      quotaId: 'moka/prod',
    },
  ] as const;
  const rightsizedAfter = (...terms: Parameters<typeof content>): string[] => {
    const state = stateAfter(stream, ...base, {
      type: 'QuotaChanged',
      data: { content: content(...terms) },
      quotaId: 'moka/prod',
    }) as ApplicationState;
    return [...(state.quotas.get('moka/prod')?.rightsized.keys() ?? [])];
  };

  it('keeps what is rightsized through an edit of something else', () => {
    expect(rightsizedAfter([tokens(10n)], { rightsizing, tier: 0 })).toEqual(['tokens']);
  });

  it("drops what is rightsized when the owner's edit speaks of the same resource", () => {
    expect(rightsizedAfter([tokens(11n)], { rightsizing })).toEqual([]);
    expect(rightsizedAfter([], { rightsizing })).toEqual([]);
  });

  it("drops what is rightsized when the owner's bounds no longer hold it", () => {
    expect(rightsizedAfter([tokens(10n)])).toEqual([]);
    expect(
      rightsizedAfter([tokens(10n)], {
        rightsizing: [{ resource: 'tokens', min: 1n, max: 39n, workload: null, pinned: false }],
      }),
    ).toEqual([]);
  });

  it('keeps the cuts of budgets in the order of their ids, whichever came first', () => {
    const cut = (budgetId: string) => haircutApplied('moka/prod', 1_000, 0, { budgetId });
    const facts = [registered, created('moka/prod', [tokens(10n)])];
    const states = [
      stateAfter(stream, ...facts, cut('monthly'), cut('daily'), cut('monthly')),
      stateAfter(stream, ...facts, cut('daily'), cut('monthly'), cut('daily')),
    ] as ApplicationState[];
    for (const state of states) {
      const haircuts = state.quotas.get('moka/prod')?.haircuts;
      expect([...(haircuts?.keys() ?? [])]).toEqual(['daily', 'monthly']);
    }
  });

  it('replaces a quota and never changes the former record', () => {
    const state = moka();
    const former = state.quotas.get('moka/prod');
    fold(state, {
      type: 'QuotaChanged',
      data: { content: content([tokens(1n)]) },
      ...quota,
      quotaVersion: 2n,
    });
    expect(former?.version).toBe(1n);
    expect(state.quotas.get('moka/prod')?.version).toBe(2n);
  });
});
