import { CUT_PRIORITY_MAX } from '@prorata/quota-model';
import type { TierPolicyState } from '@prorata/quota-model';

/** What lies on a quota of the budget's cut. */
export interface InPlace {
  readonly cutBasisPoints: number;
  readonly floorBasisPoints: number;
  readonly tierPolicy: string;
  readonly tierPolicyVersion: bigint;
}

/** Quotas that are alike to a cut: of one tier and cut priority, with the same of it in place. */
export interface QuotaGroup {
  readonly tier: number;
  readonly cutPriority: number;
  readonly count: number;
  /** null: nothing of the budget's. */
  readonly inPlace: InPlace | null;
}

/** Per tier: quotas of at least this cut priority are cut, the others are left as they are. Empty: all are. */
export type PriorityMin = readonly number[];

/** A part of a step that is applied at once. */
export interface Wave {
  /** Index into the policy's steps. */
  readonly step: number;
  readonly priorityMin: PriorityMin;
  /** It only covers quotas that came to be after their like were cut: it need not rest. */
  readonly isRefresh: boolean;
}

const TIERS_COUNT = 5;
const ALL = -CUT_PRIORITY_MAX;
/** Above every priority: no quota of the tier. */
const NONE = CUT_PRIORITY_MAX + 1;

type Terms = Pick<TierPolicyState, 'id' | 'version' | 'steps' | 'floorBasisPoints'>;

const cutAt = ({ steps }: Terms, step: number, tier: number): number =>
  steps[step]?.cutBasisPoints[tier] ?? 0;

const floorAt = ({ floorBasisPoints }: Terms, tier: number): number => floorBasisPoints[tier] ?? 0;

/** Whether the step would cut the quotas no deeper than they are. */
function hasStep(terms: Terms, step: number, { tier, inPlace }: QuotaGroup): boolean {
  const cut = cutAt(terms, step, tier);
  if (cut === 0) return true;
  if (inPlace === null || inPlace.cutBasisPoints < cut) return false;
  return inPlace.floorBasisPoints <= floorAt(terms, tier);
}

/** Whether the quotas are cut deeper than by the step. */
function isDeeper(terms: Terms, step: number, { tier, inPlace }: QuotaGroup): boolean {
  if (inPlace === null) return false;
  const cut = cutAt(terms, step, tier);
  if (inPlace.cutBasisPoints > cut) return true;
  return cut > 0 && inPlace.floorBasisPoints < floorAt(terms, tier);
}

/**
 * Less of a cut, in all that is cut deeper than the target says; quotas that no wave has reached stay uncut. Nothing is
 * cut deeper on the way: a quota that has come from another tier, or another project, may carry more than those
 * around it, which have yet to get there step by step.
 * @param taken the step that was cut last, of these terms; null: another's
 * @returns null: nothing is too deep
 */
export function lighterWave(
  terms: Terms,
  groups: readonly QuotaGroup[],
  target: number,
  taken: number | null,
): Wave | null {
  if (!groups.some((group) => isDeeper(terms, target, group))) return null;
  for (let step = Math.max(0, Math.min(target, taken ?? target)); ; step -= 1) {
    const priorityMin = reachedPriorities(terms, groups, step, target);
    const wave: Wave = { step, priorityMin, isRefresh: false };
    if (step === 0 || !deepens(terms, groups, wave)) return wave;
  }
}

function deepens(terms: Terms, groups: readonly QuotaGroup[], wave: Wave): boolean {
  return groups.some(
    (group) =>
      group.inPlace !== null && isReached(wave, group) && !hasStep(terms, wave.step, group),
  );
}

function isReached({ priorityMin }: Wave, { tier, cutPriority }: QuotaGroup): boolean {
  return cutPriority >= (priorityMin[tier] ?? ALL);
}

/**
 * Down to the lowest priority of each tier that carries a cut: what no wave has reached is not cut by less. A
 * tier in which nothing is too deep stays as it is.
 */
function reachedPriorities(
  terms: Terms,
  groups: readonly QuotaGroup[],
  step: number,
  target: number,
): PriorityMin {
  return inShort(groups, (ofTier, tier) => {
    const reached = ofTier.filter(({ inPlace }) => inPlace !== null);
    const isKept = !ofTier.some((group) => isDeeper(terms, target, group));
    if (isKept && reached.some((group) => !isAt(terms, step, group))) return NONE;
    if (cutAt(terms, step, tier) === 0) return ALL;
    return reached.length === 0 ? NONE : Math.min(...reached.map(({ cutPriority }) => cutPriority));
  });
}

function isAt(terms: Terms, step: number, group: QuotaGroup): boolean {
  return hasStep(terms, step, group) && !isDeeper(terms, step, group);
}

/**
 * The next part of the way down to the target: a step after the other, and of each the quotas with the highest cut
 * priority of their tier first. What is in place is read from the quotas, so a wave that is said twice changes
 * nothing, and steps that cut none of them deeper count as taken.
 * @param taken the step that was cut last, of these terms, -1 for none; null: another's. No step after the next one is
 * begun, whatever single quotas carry that came from elsewhere
 * @param wavesMax of one step: more priorities than that share waves
 * @param isRested whether a deeper cut may be made now: then it goes before quotas that came later, which it reaches in
 * turn, or new ones would hold it up for ever
 * @returns null: all of the target is in place
 */
export function nextWave(
  terms: Terms,
  groups: readonly QuotaGroup[],
  target: number,
  taken: number | null,
  wavesMax: number,
  isRested = true,
): Wave | null {
  // A step that is in place somewhere goes on: of an earlier one, what is deeper already would be less again.
  const first = Math.max(0, Math.min(reachedStep(terms, groups, target), taken ?? target));
  let late: Wave | null = null;
  for (let step = first; step <= target; step += 1) {
    if (groups.every((group) => hasStep(terms, step, group))) continue;
    const wave = waveOf(terms, groups, step, wavesMax);
    const isLate = step === first && wave.isRefresh && isRested;
    if (!isLate) return wave;
    late = wave;
  }
  return late;
}

/** The deepest step up to the target of which something is in place; -1: of none. */
export function reachedStep(terms: Terms, groups: readonly QuotaGroup[], target: number): number {
  for (let step = target; step >= 0; step -= 1) {
    const isInPlace = groups.some((group) => {
      const cut = cutAt(terms, step, group.tier);
      const grows = step === 0 || cut > cutAt(terms, step - 1, group.tier);
      return group.inPlace !== null && cut > 0 && grows && hasStep(terms, step, group);
    });
    if (isInPlace) return step;
  }
  return -1;
}

function waveOf(terms: Terms, groups: readonly QuotaGroup[], step: number, wavesMax: number): Wave {
  const cut = groups.filter(({ tier }) => cutAt(terms, step, tier) > 0);
  const priorities = Array.from({ length: TIERS_COUNT }, (_, tier) => [
    ...new Set(cut.filter((group) => group.tier === tier).map(({ cutPriority }) => cutPriority)),
  ]).map((list) => list.sort((a, b) => b - a));
  const waves = Math.min(wavesMax, Math.max(...priorities.map(({ length }) => length)));
  const missing = cut.filter((group) => !hasStep(terms, step, group));
  for (let wave = 1; wave < waves; wave += 1) {
    const lowest = priorities.map(
      (list) => list[Math.ceil((list.length * wave) / waves) - 1] ?? ALL,
    );
    const due = missing.filter(({ tier, cutPriority }) => cutPriority >= (lowest[tier] ?? ALL));
    if (due.length === 0) continue;
    const priorityMin = dueOf(terms, groups, step, due, lowest);
    return { step, priorityMin, isRefresh: isNew(terms, groups, step, due) };
  }
  const whole = priorities.map(() => ALL);
  const priorityMin = dueOf(terms, groups, step, missing, whole);
  return { step, priorityMin, isRefresh: isNew(terms, groups, step, missing) };
}

/** A tier in which nothing is due, and that is cut deeper than by the step, is left as it is. */
function dueOf(
  terms: Terms,
  groups: readonly QuotaGroup[],
  step: number,
  due: readonly QuotaGroup[],
  lowest: readonly number[],
): PriorityMin {
  return inShort(groups, (ofTier, tier) => {
    const isDue = due.some((group) => group.tier === tier);
    const isKept = !isDue && ofTier.some((group) => isDeeper(terms, step, group));
    return isKept ? NONE : (lowest[tier] ?? ALL);
  });
}

/** Whether all of them are uncut, and their like has been cut by the step, of this priority or a lower one. */
function isNew(
  terms: Terms,
  groups: readonly QuotaGroup[],
  step: number,
  due: readonly QuotaGroup[],
): boolean {
  return due.every(
    ({ tier, cutPriority, inPlace }) =>
      inPlace === null &&
      groups.some(
        (other) =>
          other.tier === tier &&
          other.cutPriority <= cutPriority &&
          other.inPlace !== null &&
          hasStep(terms, step, other),
      ),
  );
}

/** A number for each tier; none where all tiers are cut whole. */
function inShort(
  groups: readonly QuotaGroup[],
  of: (ofTier: readonly QuotaGroup[], tier: number) => number,
): PriorityMin {
  const list = Array.from({ length: TIERS_COUNT }, (_, tier) => {
    const ofTier = groups.filter((group) => group.tier === tier);
    const least = of(ofTier, tier);
    const isWhole = ofTier.every(({ cutPriority }) => cutPriority >= least);
    return isWhole ? ALL : least;
  });
  return list.every((least) => least === ALL) ? [] : list;
}

/** How many quotas a wave changes. */
export function reachOf(terms: Terms, groups: readonly QuotaGroup[], wave: Wave): number {
  return groups
    .filter((group) => isReached(wave, group))
    .filter((group) => !hasStep(terms, wave.step, group) || isDeeper(terms, wave.step, group))
    .reduce((sum, { count }) => sum + count, 0);
}
