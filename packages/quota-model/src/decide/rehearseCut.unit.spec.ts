import { describe, expect, it } from 'vitest';
import { cutTerms, rehearsal } from '../testing/cutSamples.ts';
import { givenIn, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  budgetDefined,
  organizationRegistered,
  projectDefined,
  teamDefined,
} from '../testing/organizationSamples.ts';
import { DAY, START, rightsizer } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

type Rehearsal = CommandData<'RehearseCut'>;

const robot = { actor: rightsizer, roles: ['robot'] };
const rehearse = (more: Partial<Rehearsal> = {}) =>
  ({ type: 'RehearseCut', data: { ...rehearsal, ...more } }) as const;
const rehearsed = (more: Partial<Rehearsal> = {}): Fact => ({
  type: 'CutRehearsed',
  data: { ...rehearsal, ...more },
});
const dry = budgetDefined({ mode: 'dry_run' });
const next = { windowStart: rehearsal.windowEnd, windowEnd: rehearsal.windowEnd + DAY };
const acme = (...facts: readonly Fact[]) => givenIn('organization:acme', dry, ...facts);
const rehearsals = (...facts: readonly Fact[]) => {
  const state = stateAfter('organization:acme', ...facts);
  if (state?.kind !== 'organization') throw new TypeError('There is no organization.');
  return [...state.rehearsedCuts.values()].map(({ budgetId, project, step }) =>
    [budgetId, project, step].join(' '),
  );
};

describe('RehearseCut', () => {
  it('tells once a window and step what would have been cut', () => {
    acme().when(rehearse(), robot).then(rehearsed());
    acme(rehearsed())
      .when(rehearse({ quotas: 13, spend: '113' }), robot)
      .thenNothing();
    acme(rehearsed())
      .when(rehearse({ step: 1 }), robot)
      .then(rehearsed({ step: 1 }));
    acme(rehearsed()).at(next.windowStart).when(rehearse(next), robot).then(rehearsed(next));
  });

  it('tells also that a cut would have been lifted', () => {
    acme(rehearsed())
      .when(rehearse({ step: -1, quotas: 0 }), robot)
      .then(rehearsed({ step: -1, quotas: 0 }));
  });

  it('is of a budget in dry_run, within its window', () => {
    givenIn('organization:acme', budgetDefined({}))
      .when(rehearse(), robot)
      .thenRefused('BUDGET_ENFORCES');
    acme()
      .when(rehearse({ budgetId: 'none' }))
      .thenRefused('BUDGET_UNKNOWN');
    acme()
      .when(rehearse({ windowEnd: START }))
      .thenRefused('HAIRCUT_TOO_LATE');
    acme()
      .when(rehearse({ project: 'acme/other' }))
      .thenRefused('HAIRCUT_INVALID');
    const until = START + DAY;
    acme({ type: 'BudgetOverridden', data: { budgetId: 'monthly', until } })
      .when(rehearse(), robot)
      .thenRefused('BUDGET_OVERRIDDEN');
  });

  it.each<[string, Partial<Rehearsal>]>([
    ['of a step that no policy has', { step: 32 }],
    ['of a step below none', { step: -2 }],
    ['of half a quota', { quotas: 0.5 }],
    ['of no application', { applications: [] }],
    ['of four tiers', { cutBasisPoints: [0, 0, 0, 0] }],
  ])('is refused %s', (_what, more) => {
    acme().when(rehearse(more)).thenRefused('HAIRCUT_INVALID');
  });

  it('is forgotten once the budget cuts, is about other money, or is no more', () => {
    expect(rehearsals(dry, rehearsed(), rehearsed({ step: 2 }))).toEqual([
      'monthly acme/assistant 2',
    ]);
    const again = (more: Parameters<typeof budgetDefined>[0]) =>
      rehearsals(dry, rehearsed(), budgetDefined({ mode: 'dry_run', ...more }, 2n));
    expect(again({ amount: '7' })).toHaveLength(1);
    expect(again({ mode: 'enforce' })).toEqual([]);
    expect(again({ currency: 'EUR' })).toEqual([]);
    const gone: Fact = { type: 'BudgetRetired', data: { budgetId: 'monthly' } };
    expect(rehearsals(dry, rehearsed(), gone)).toEqual([]);
  });

  it('is remembered of each project of a team, until the project is no more', () => {
    const tree = [
      organizationRegistered,
      teamDefined('data'),
      projectDefined('acme/assistant', 'data'),
      projectDefined('acme/chat', 'data'),
      budgetDefined({ mode: 'dry_run', project: '', team: 'data' }),
      rehearsed(),
      rehearsed({ project: 'acme/chat', step: 1 }),
    ];
    expect(rehearsals(...tree)).toEqual(['monthly acme/assistant 0', 'monthly acme/chat 1']);
    const gone: Fact = { type: 'ProjectRetired', data: { project: 'acme/chat' } };
    expect(rehearsals(...tree, gone)).toEqual(['monthly acme/assistant 0']);
  });
});

describe('BeginCut of a budget in dry_run', () => {
  const begin = (lift: CommandData<'BeginCut'>['lift']) =>
    ({ type: 'BeginCut', data: { ...cutTerms, lift } }) as const;

  it('is refused where it applies', () => {
    acme().when(begin(null), robot).thenRefused('BUDGET_IN_DRY_RUN');
  });

  it('lifts: the budget may have cut before', () => {
    expect(acme().when(begin('person'), robot).decision.kind).toBe('accepted');
  });
});
