import { describe, expect, it } from 'vitest';
import { CUT_PAGE_MAX } from '../modelBounds.ts';
import { given, givenIn, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  budgetDefined,
  organizationRegistered,
  projectDefined,
  teamDefined,
} from '../testing/organizationSamples.ts';
import { applyHaircut, created, cutData, haircutApplied, registered } from '../testing/samples.ts';
import { START, rightsizer } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';

const robot = { actor: rightsizer, roles: ['robot'] };
const terms = {
  ...cutData,
  applications: ['moka', 'tidb'],
  lift: null,
  cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000],
  floorBasisPoints: [0, 0, 0, 0, 0],
  priorityMin: [],
};
const begin = (more: Partial<CommandData<'BeginCut'>> = {}) =>
  ({ type: 'BeginCut', data: { ...terms, ...more } }) as const;
const intended = (cutId: bigint, more: Partial<CommandData<'BeginCut'>> = {}): Fact => ({
  type: 'CutIntended',
  data: { ...terms, ...more, cutId },
});
const complete = (
  cutId: bigint,
  application: string,
  answer: 'accepted' | 'refused' | 'abandoned' = 'accepted',
) => {
  const code = answer === 'refused' ? 'HAIRCUT_TOO_LATE' : null;
  const data = { budgetId: 'monthly', cutId, application, answer, code, detail: null };
  return { type: 'CompleteCut', data } as const;
};
const completed = (...of: Parameters<typeof complete>): Fact => ({
  type: 'CutCompleted',
  data: complete(...of).data,
});
const acme = (...facts: readonly Fact[]) =>
  givenIn('organization:acme', budgetDefined({}), ...facts);
const waiting = (...facts: readonly Fact[]) => {
  const state = stateAfter('organization:acme', budgetDefined({}), ...facts);
  if (state?.kind !== 'organization') throw new TypeError('There is no organization.');
  return [...state.cuts.values()].flatMap(({ cutId, applications }) =>
    [...applications].map(([id, answer]) => `${cutId} ${id} ${answer?.answer ?? 'waits'}`),
  );
};

it('is forgotten with its budget where it was refused, and goes on where it waits', () => {
  const retired: Fact = { type: 'BudgetRetired', data: { budgetId: 'monthly' } };
  const past = [intended(2n), completed(2n, 'moka', 'refused')] as const;
  expect(waiting(...past)).toEqual(['2 moka refused', '2 tidb waits']);
  expect(waiting(...past, retired)).toEqual(['2 tidb waits']);
  const lift = [intended(2n, { lift: 'person' }), completed(2n, 'moka', 'refused')] as const;
  expect(waiting(...lift, retired)).toEqual(['2 moka refused', '2 tidb waits']);
});

describe('BeginCut', () => {
  it('is an intent, with a number of its own', () => {
    acme().when(begin(), robot).then(intended(2n)).thenResult('2');
    expect(waiting(intended(2n))).toEqual(['2 moka waits', '2 tidb waits']);
  });

  it('is refused while too many wait, but for lifts, which have room of their own', () => {
    const many = (from: number) => Array.from({ length: 500 }, (_, at) => `app-${from + at}`);
    const full = [0, 500, 1_000, 1_500].map((from, at) =>
      intended(BigInt(at + 2), { applications: many(from) }),
    );
    acme(...full)
      .when(begin(), robot)
      .thenRefused('TOO_MANY');
    const lift = { lift: 'budget_raised' } as const;
    acme(...full)
      .when(begin(lift), robot)
      .then(intended(6n, lift));
    const lifts = [2_000, 2_500, 3_000, 3_500].map((from, at) =>
      intended(BigInt(at + 6), { ...lift, applications: many(from) }),
    );
    acme(...full, ...lifts)
      .when(begin(lift), robot)
      .thenRefused('TOO_MANY');
  });

  it('is of a budget of the project, within its window', () => {
    acme()
      .when(begin({ budgetId: 'none' }))
      .thenRefused('BUDGET_UNKNOWN');
    acme()
      .when(begin({ project: 'acme/other' }))
      .thenRefused('HAIRCUT_INVALID');
    acme()
      .when(begin({ project: 'other/assistant' }))
      .thenRefused('PROJECT_INVALID');
    acme()
      .when(begin({ windowEnd: START }))
      .thenRefused('HAIRCUT_TOO_LATE');
    acme()
      .when(begin({ cutBasisPoints: [0] }))
      .thenRefused('HAIRCUT_INVALID');
  });

  it.each([[[]], [['moka', 'moka']], [['a/b']], [Array(501).fill('a')]])(
    'names applications, unlike %j',
    (applications) => {
      acme().when(begin({ applications })).thenRefused('HAIRCUT_INVALID');
    },
  );

  it.each([
    [[0, 0, 0]],
    [[0, 0, 0.5, 0, 0]],
    [[0, 0, 0, 0, 1_000_002]],
    [[0, 0, 0, 0, -1_000_001]],
  ])('has no number a tier in %j, or none at all', (priorityMin) => {
    acme().when(begin({ priorityMin }), robot).thenRefusedAt('/priorityMin');
  });

  it('keeps the least priorities with the intent', () => {
    const priorityMin = [1_000_001, 0, -5, 0, -1_000_000];
    acme().when(begin({ priorityMin }), robot).then(intended(2n, { priorityMin }));
  });

  it('lifts also what a budget that is no more has cut, in a window that is over', () => {
    const lift = { lift: 'window_rolled', budgetId: 'none', windowEnd: START } as const;
    acme().when(begin(lift)).then(intended(2n, lift));
  });

  it('takes the place of what was to be done for the budget in the same applications', () => {
    const lift = { lift: 'budget_raised', applications: ['moka'] } as const;
    expect(waiting(intended(2n), intended(3n, lift))).toEqual(['2 tidb waits', '3 moka waits']);
    const other = { budgetId: 'daily', applications: ['moka'] };
    expect(waiting(intended(2n), intended(3n, other))).toHaveLength(3);
  });
});

describe('BeginCut for a budget above projects', () => {
  const tree = [
    organizationRegistered,
    teamDefined('outer'),
    teamDefined('inner', 'outer'),
    projectDefined('acme/assistant', 'inner'),
    projectDefined('acme/chat', 'outer'),
    projectDefined('acme/alone'),
  ];
  const cutOf = (project: string, holder: { team: string | null }) =>
    givenIn('organization:acme', ...tree, budgetDefined({ project: '', ...holder })).when(
      begin({ project }),
      robot,
    ).decision.kind;

  it.each([
    ['acme/assistant', 'inner', 'accepted'],
    ['acme/assistant', 'outer', 'accepted'],
    ['acme/assistant', null, 'accepted'],
    ['acme/chat', 'outer', 'accepted'],
    ['acme/chat', 'inner', 'refused'],
    ['acme/alone', 'outer', 'refused'],
    ['acme/alone', null, 'accepted'],
    ['acme/unknown', null, 'accepted'],
    ['acme/unknown', 'outer', 'refused'],
    ['other/project', null, 'refused'],
  ])('cuts %s where the budget is of %s: %s', (project, team, kind) => {
    expect(cutOf(project, { team })).toBe(kind);
  });

  it('is one intent a project, none of which takes the place of another', () => {
    const of = (cutId: bigint, project: string) => intended(cutId, { project });
    expect(waiting(of(2n, 'acme/assistant'), of(3n, 'acme/chat'))).toHaveLength(4);
    expect(waiting(of(2n, 'acme/chat'), of(3n, 'acme/chat'))).toHaveLength(2);
  });
});

describe('CompleteCut', () => {
  it('tells what an application answered, once', () => {
    acme(intended(2n)).when(complete(2n, 'moka'), robot).then(completed(2n, 'moka'));
    expect(waiting(intended(2n), completed(2n, 'moka'))).toEqual(['2 tidb waits']);
    acme(intended(2n), completed(2n, 'moka')).when(complete(2n, 'moka')).thenRefused('CUT_UNKNOWN');
    acme(intended(2n)).when(complete(2n, 'flink')).thenRefused('CUT_UNKNOWN');
  });

  it('compares the expected version with the stream', () => {
    acme(intended(2n))
      .when(complete(2n, 'moka'), { expectedVersion: 2n })
      .then(completed(2n, 'moka'));
    acme(intended(2n))
      .when(complete(2n, 'moka'), { expectedVersion: 1n })
      .thenRefused('VERSION_MISMATCH', '2');
  });

  it('keeps a refusal until the budget decides anew', () => {
    const refused = completed(2n, 'moka', 'refused');
    expect(waiting(intended(2n), refused)).toEqual(['2 moka refused', '2 tidb waits']);
    acme(intended(2n), refused)
      .when(complete(2n, 'moka', 'refused'))
      .thenNothing();
    expect(waiting(intended(2n), refused, intended(4n))).toEqual(['4 moka waits', '4 tidb waits']);
  });

  it('may say that nobody carries it out any more', () => {
    expect(waiting(intended(2n), completed(2n, 'moka', 'abandoned'))).toEqual(['2 tidb waits']);
  });

  it('answers nothing that a later intent has taken the place of', () => {
    acme(intended(2n), intended(3n)).when(complete(2n, 'moka')).thenRefused('CUT_UNKNOWN', '2');
  });
});

describe('pages of a cut', () => {
  const payer = { project: 'acme/assistant' };
  const tree = [
    registered,
    created('moka/a', [], payer),
    created('moka/a-b', [], payer),
    created('moka/a/x'),
    created('moka/b', [], { project: 'acme/other' }),
    created('moka/b/y'),
    created('moka/c'),
    created('moka/c/z', [], payer),
  ] as const;
  const cuts = [0, 0, 2_500, 0, 0];
  const page = (after: string | null, most: number) =>
    applyHaircut(cuts, undefined, { after, most });

  it('follow each other by id, and say where to go on', () => {
    given(...tree)
      .when(page(null, 2))
      .then(haircutApplied('moka/a', 2_500), haircutApplied('moka/a-b', 2_500))
      .thenResult('moka/a-b');
    given(...tree)
      .when(page('moka/a-b', 2))
      .then(haircutApplied('moka/a/x', 2_500), haircutApplied('moka/c/z', 2_500))
      .thenResult(null);
    given(...tree)
      .when(page('moka/c/z', 2))
      .thenNothing()
      .thenResult(null);
  });

  it('may be asked for again', () => {
    given(...tree, haircutApplied('moka/a', 2_500), haircutApplied('moka/a-b', 2_500))
      .when(page(null, 2))
      .thenNothing()
      .thenResult('moka/a-b');
  });

  it('are lifted alike', () => {
    const lift = (after: string | null, most: number) =>
      ({
        type: 'LiftHaircut',
        data: {
          project: 'acme/assistant',
          budgetId: 'monthly',
          cause: 'budget_raised',
          spend: '1',
          budget: '2',
          cutId: null,
          after,
          most,
        },
      }) as const;
    const cut = ['moka/a', 'moka/a-b', 'moka/c/z'].map((id) => haircutApplied(id, 2_500));
    given(...tree, ...cut)
      .when(lift(null, 2))
      .thenResult('moka/a-b');
    given(...tree, ...cut)
      .when(lift('moka/a-b', 2))
      .thenResult(null);
    given(...tree, ...cut)
      .when(lift(null, CUT_PAGE_MAX + 1))
      .thenRefused('HAIRCUT_INVALID');
  });

  it.each([-1, 0.5, CUT_PAGE_MAX + 1])('are not of %d quotas', (most) => {
    given(...tree)
      .when(page(null, most))
      .thenRefused('HAIRCUT_INVALID', String(CUT_PAGE_MAX));
  });

  it('cut what one command cannot: more quotas than one decision may change', () => {
    const stream = new TestStream('application:moka');
    const drafts = [...tree].map(({ type, data, quotaId = null }) => {
      const quotaVersion = quotaId === null ? null : 1n;
      return { type, data, quotaId, quotaVersion } as Parameters<TestStream['append']>[0][number];
    });
    stream.append(drafts);
    const quotas = 6_000;
    const { data } = created('', [], payer);
    for (let index = 0; index < quotas; index += 1) {
      const quotaId = `moka/q${index}`;
      stream.append([{ type: 'QuotaCreated', data, quotaId, quotaVersion: 1n } as never]);
    }
    expect(stream.send(applyHaircut(cuts)).kind).toBe('refused');
    let after: string | null = null;
    let pages = 0;
    do {
      const decision = stream.send(page(after, CUT_PAGE_MAX), robot);
      if (decision.kind !== 'accepted') throw new TypeError(JSON.stringify(decision));
      expect(decision.events.length).toBeLessThanOrEqual(CUT_PAGE_MAX);
      after = decision.result;
      pages += 1;
    } while (after !== null);
    expect(pages).toBe(Math.ceil((quotas + 4) / CUT_PAGE_MAX));
    const state = stream.state;
    if (state?.kind !== 'application') throw new TypeError('There is no application.');
    const uncut = [...state.quotas.values()].filter(({ haircuts }) => haircuts.size === 0);
    expect(uncut.map(({ quotaId }) => quotaId)).toEqual(['moka/b', 'moka/b/y', 'moka/c']);
  });
});
