import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import {
  applyHaircut,
  cutData,
  created,
  haircutApplied,
  registered,
  sessions,
  wholeCut,
  tokens,
} from '../testing/samples.ts';
import { DAY, START } from '../testing/stamp.ts';

const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant', tier: 1 }),
  created('moka/prod/ads', [sessions(4n), tokens(40n)], {
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
  }),
] as const;

describe('ApplyHaircut', () => {
  const cuts = [0, 1_000, 2_500, 5_000, 9_000];

  it('cuts every quota that the project pays for by its tier, in the order of ids', () => {
    given(...tree, created('moka/other', [tokens(1n)]))
      .when(applyHaircut(cuts))
      .then(haircutApplied('moka/prod', 1_000), haircutApplied('moka/prod/ads', 2_500));
  });

  it('repeats nothing: more spend under the same cut is no event', () => {
    const past = [
      ...tree,
      haircutApplied('moka/prod', 1_000),
      haircutApplied('moka/prod/ads', 2_500),
    ];
    given(...past)
      .when(applyHaircut(cuts, undefined, { spend: '115' }))
      .thenNothing();
    given(...past)
      .when(applyHaircut([0, 2_000, 2_500, 5_000, 9_000]))
      .then(haircutApplied('moka/prod', 2_000));
  });

  it('cuts anew in a new window, so that people see when it lifts', () => {
    const windowEnd = START + 2n * DAY;
    given(
      registered,
      created('moka/a', [], { project: 'acme/assistant' }),
      haircutApplied('moka/a', 2_500),
    )
      .when(applyHaircut(cuts, undefined, { windowEnd }))
      .then({
        type: 'HaircutApplied',
        data: { ...cutData, windowEnd, cutBasisPoints: 2_500, floorBasisPoints: 0 },
        quotaId: 'moka/a',
      });
  });

  it('lifts the cut of a tier that is cut no more', () => {
    given(...tree, haircutApplied('moka/prod', 1_000), haircutApplied('moka/prod/ads', 2_500))
      .when(applyHaircut([0, 0, 2_500, 0, 0]))
      .then({
        type: 'HaircutLifted',
        data: { budgetId: 'monthly', cause: 'spend_corrected', spend: '112', budget: '100' },
        quotaId: 'moka/prod',
      });
  });

  it('has nothing to do where nobody is cut', () => {
    given(...tree)
      .when(applyHaircut([0, 0, 0, 0, 0]))
      .thenNothing();
    given(registered).when(applyHaircut(cuts)).thenNothing();
  });

  it.each([[[0, 0, 0, 0]], [[0, 0, 0, 0, 10_001]], [[0, 0, 0, 0, -1]], [[0, 0, 0, 0, 0.5]]])(
    'refuses cuts of %j',
    (points) => {
      given(...tree)
        .when(applyHaircut(points))
        .thenRefused('HAIRCUT_INVALID');
      given(...tree)
        .when(applyHaircut(cuts, points))
        .thenRefused('HAIRCUT_INVALID');
    },
  );

  it('refuses what was not measured, or too late', () => {
    const refused = (more: Parameters<typeof applyHaircut>[2]) =>
      given(...tree)
        .when(applyHaircut(cuts, undefined, more))
        .thenRefused('HAIRCUT_INVALID');
    refused({ overrunBasisPoints: -1 });
    refused({ spend: '1e3' });
    refused({ project: 'assistant' });
    refused({ windowStart: START + DAY });
    given(...tree)
      .at(START + DAY)
      .when(applyHaircut(cuts))
      .thenRefused('HAIRCUT_TOO_LATE');
  });
});

describe('LiftHaircut', () => {
  const lift = (budgetId = 'monthly', project = 'acme/assistant') =>
    ({
      type: 'LiftHaircut',
      data: { project, budgetId, cause: 'budget_raised', spend: '112', budget: '200', ...wholeCut },
    }) as const;

  it('lifts every cut of the budget and no other', () => {
    const lifted = (quotaId: string) =>
      ({
        type: 'HaircutLifted',
        data: { budgetId: 'monthly', cause: 'budget_raised', spend: '112', budget: '200' },
        quotaId,
      }) as const;
    const past = [
      ...tree,
      haircutApplied('moka/prod', 1_000),
      haircutApplied('moka/prod/ads', 2_500),
      haircutApplied('moka/prod/ads', 2_500, 0, { budgetId: 'daily' }),
    ];
    given(...past)
      .when(lift())
      .then(lifted('moka/prod'), lifted('moka/prod/ads'));
    given(...past)
      .when(lift('yearly'))
      .thenNothing();
    given(...past)
      .when(lift('monthly', 'acme/other'))
      .thenNothing();
  });
});

describe('cuts of one budget, in the order of its organization', () => {
  const { project, budgetId } = cutData;
  const followed = (cutId: bigint, isEnded = false) =>
    ({ type: 'CutFollowed', data: { project, budgetId, cutId, isEnded } }) as const;
  const apply = (cutId: bigint | null) => applyHaircut([0, 1_000, 0, 0, 0], undefined, { cutId });
  const lift = (cutId: bigint | null) =>
    ({
      type: 'LiftHaircut',
      data: {
        ...wholeCut,
        project,
        budgetId,
        cause: 'budget_raised',
        spend: '1',
        budget: '2',
        cutId,
      },
    }) as const;
  const applied = haircutApplied('moka/prod', 1_000);
  const lifted = {
    type: 'HaircutLifted',
    data: { budgetId, cause: 'budget_raised', spend: '1', budget: '2' },
    quotaId: 'moka/prod',
  } as const;

  it('are remembered with their first page', () => {
    given(...tree)
      .when(apply(5n))
      .then(followed(5n), applied);
    given(...tree, followed(5n))
      .when(apply(5n))
      .then(applied);
    given(...tree, followed(5n))
      .when(apply(6n))
      .then(followed(6n), applied);
  });

  it('are refused once a later one, or its lift, has been followed', () => {
    given(...tree, followed(6n))
      .when(apply(5n))
      .thenRefused('CUT_SUPERSEDED', '6');
    given(...tree, followed(5n), applied)
      .when(lift(6n))
      .then(followed(6n), lifted);
    given(...tree, followed(7n), applied)
      .when(lift(6n))
      .thenRefused('CUT_SUPERSEDED');
    // A lift that finds nothing is remembered as well: the cut before it may still be on its way.
    given(...tree)
      .when(lift(6n))
      .then(followed(6n));
  });

  it('are refused once a person has lifted them by hand, and the next one is not', () => {
    given(...tree, followed(5n), applied)
      .when(lift(null))
      .then(followed(5n, true), lifted);
    given(...tree, followed(5n, true))
      .when(lift(null))
      .thenNothing();
    given(...tree, followed(5n, true))
      .when(apply(5n))
      .thenRefused('CUT_SUPERSEDED', 'by hand');
    given(...tree, followed(5n, true))
      .when(apply(6n))
      .then(followed(6n), applied);
  });

  it('are of one budget each', () => {
    const other = { ...followed(9n).data, budgetId: 'daily' };
    given(...tree, { type: 'CutFollowed', data: other })
      .when(apply(5n))
      .then(followed(5n), applied);
  });
});
