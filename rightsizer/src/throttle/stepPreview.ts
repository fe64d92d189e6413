import { decimalOf, picosOf } from '@prorata/quota-model';
import type { BudgetState, TierPolicyState } from '@prorata/quota-model';
import { stopOf } from './judgeBudget.ts';
import type { BudgetInputs, ProjectStanding } from './judgeBudget.ts';
import { nextWave, reachOf } from './waves.ts';
import type { QuotaGroup } from './waves.ts';

const BASIS_POINTS = 10_000n;

/** What a step would take from the quotas of a tier. */
export interface TierPreview {
  readonly tier: number;
  readonly cutBasisPoints: number;
  readonly floorBasisPoints: number;
  readonly quotas: number;
}

/** What would happen once so much is spent. */
export interface StepPreview {
  readonly step: number;
  readonly overrunBasisPoints: number;
  /** An exact decimal: the step is called for above it (the first one), or from it on. */
  readonly atSpend: string;
  readonly tiers: readonly TierPreview[];
  /** How many quotas each wave cuts, in the order in which they come: the highest cut priorities first. */
  readonly waves: readonly number[];
}

/** Step by step as if nothing were cut yet, on the quotas that there are now. Pure. */
export function stepPreviews(
  { budget, tierPolicy, standings }: Pick<BudgetInputs, 'budget' | 'tierPolicy' | 'standings'>,
  wavesMax: number,
): StepPreview[] {
  if (tierPolicy === null) return [];
  const places = standings
    .filter(({ isBelow, spared }) => isBelow && spared === null)
    .map(({ groups }): readonly QuotaGroup[] =>
      groups.map((group) => ({ ...group, inPlace: null })),
    );
  let inPlace = places;
  return tierPolicy.steps.map(({ overrunBasisPoints }, step) => {
    const { waves, after } = wavesOf(tierPolicy, inPlace, step, wavesMax);
    inPlace = after;
    const atSpend = spendAt(budget, overrunBasisPoints);
    return { step, overrunBasisPoints, atSpend, tiers: tiersOf(tierPolicy, step, places), waves };
  });
}

function spendAt({ amount }: BudgetState, overrunBasisPoints: number): string {
  return decimalOf((picosOf(amount) * (BASIS_POINTS + BigInt(overrunBasisPoints))) / BASIS_POINTS);
}

function tiersOf(
  { steps, floorBasisPoints }: TierPolicyState,
  step: number,
  places: readonly (readonly QuotaGroup[])[],
): TierPreview[] {
  const counts = new Map<number, number>();
  for (const { tier, count } of places.flat()) counts.set(tier, (counts.get(tier) ?? 0) + count);
  return (steps[step]?.cutBasisPoints ?? []).map((cutBasisPoints, tier) => ({
    tier,
    cutBasisPoints,
    floorBasisPoints: floorBasisPoints[tier] ?? 0,
    quotas: cutBasisPoints === 0 ? 0 : (counts.get(tier) ?? 0),
  }));
}

/** Each place has its own waves, which begin together. */
function wavesOf(
  policy: TierPolicyState,
  places: readonly (readonly QuotaGroup[])[],
  step: number,
  wavesMax: number,
): { waves: number[]; after: (readonly QuotaGroup[])[] } {
  const waves: number[] = [];
  const after = places.map((given) => {
    let groups = given;
    for (let index = 0; index < wavesMax; index += 1) {
      const wave = nextWave(policy, groups, step, null, wavesMax);
      if (wave === null) break;
      waves[index] = (waves[index] ?? 0) + reachOf(policy, groups, wave);
      groups = groups.map((group) => cutBy(policy, group, wave));
    }
    return groups;
  });
  return { waves, after };
}

function cutBy(
  { id, version, steps, floorBasisPoints }: TierPolicyState,
  group: QuotaGroup,
  { step, priorityMin }: { readonly step: number; readonly priorityMin: readonly number[] },
): QuotaGroup {
  const cutBasisPoints = steps[step]?.cutBasisPoints[group.tier] ?? 0;
  const isReached = group.cutPriority >= (priorityMin[group.tier] ?? -Infinity);
  if (!isReached || cutBasisPoints === 0) return group;
  const floor = floorBasisPoints[group.tier] ?? 0;
  const terms = { tierPolicy: id, tierPolicyVersion: version };
  return { ...group, inPlace: { cutBasisPoints, floorBasisPoints: floor, ...terms } };
}

/** When the throttle may act on the budget next, whatever is spent, and what it waits for. */
export interface NextMoment {
  /** Microseconds. */
  readonly at: bigint;
  readonly why: 'now' | 'rest' | 'override' | 'window';
}

/** @param rests how long a cut, and a lift, rest, milliseconds */
export function nextMoment(
  inputs: BudgetInputs,
  isDue: boolean,
  rests: { readonly escalationMs: number; readonly cooldownMs: number },
): NextMoment | null {
  const { budget, standings, window, now } = inputs;
  if (isDue) return { at: now, why: 'now' };
  if (stopOf(inputs) === 'overridden' && budget.override !== null) {
    return { at: budget.override.until, why: 'override' };
  }
  const moments = standings.flatMap((standing) => restsUntil(standing, rests));
  const next = moments.filter((at) => at > now).sort((a, b) => (a < b ? -1 : 1))[0];
  if (next !== undefined) return { at: next, why: 'rest' };
  return window && { at: window.end, why: 'window' };
}

function restsUntil(
  { cut, liftedAt }: ProjectStanding,
  rests: { readonly escalationMs: number; readonly cooldownMs: number },
): bigint[] {
  if (cut !== null) return [cut.appliedAt + BigInt(rests.escalationMs) * 1_000n];
  return liftedAt === null ? [] : [liftedAt + BigInt(rests.cooldownMs) * 1_000n];
}
