import type { WorkloadClass } from './recommendation.ts';

/**
 * How one class is sized. Lengths of time are counted in slots, an hour each in production; a step is five minutes
 * there. docs/explanation/how-limits-are-sized.md says where the numbers come from and what each is worth.
 */
export interface SizingPolicy {
  readonly workload: WorkloadClass;

  /** Slots in which demand repeats: a day. */
  readonly daySlots: number;
  /** How many days are looked back over. */
  readonly lookbackDays: number;

  /** Growth and season: over so many days, of the peaks within the next `aheadSlots`, this quantile (0 to 1). */
  readonly seasonDays: number;
  readonly aheadSlots: number;
  readonly seasonQuantile: number;
  /** How much of what is expected is the season's; the rest is the level's. */
  readonly seasonWeight: number;
  /** How far a trend may raise what is expected: 1.2 is a fifth at most. */
  readonly growthMax: number;

  /** Bursts: the level is this quantile of so many newest slots. */
  readonly levelSlots: number;
  readonly levelQuantile: number;
  /** What is expected times this: the class's risk. */
  readonly margin: number;
  /** Never below this many times the highest of the lookback; 0: no such floor. */
  readonly highestMargin: number;
  /** How many slots' steps are looked at; at least `recentSlots`. */
  readonly newestSlots: number;
  /** A shortage raises to what was wanted times this. */
  readonly shortageMargin: number;
  /** So many of the newest steps must have been short before it does. */
  readonly shortSteps: number;

  /** Underuse: nothing is lowered below the highest step of so many newest slots. */
  readonly recentSlots: number;
  /** Nor where the look so many slots ago said otherwise. */
  readonly agreementSlots: number;
  /** Known slots that lowering what cannot be squeezed rests on. */
  readonly evidenceSlots: number;
  /** Whether less than was wanted does no more than slow down: a rate. Capacity and concurrency are not. */
  readonly isSqueezable: boolean;

  /** Known slots below which nothing but refusals moves a limit. */
  readonly warmUpSlots: number;
  /** What is known may end this long ago. */
  readonly freshSlots: number;
  /** What is expected must be this much above the limit before it is raised without a shortage. */
  readonly raiseDeadband: number;
  /** A limit within this part above where it should be is not lowered. */
  readonly lowerDeadband: number;
  /** Slots since the last change before a limit is lowered. */
  readonly dwellSlots: number;
  /** A raise goes at most to this many times the limit, or to what two steps have wanted already. */
  readonly raiseFactor: number;
  /** A lowering leaves at least this part of the limit. */
  readonly lowerFactor: number;
  /** Never further above the highest that was seen. */
  readonly sanityFactor: number;
}

const shared = {
  daySlots: 24,
  lookbackDays: 14,
  seasonDays: 7,
  seasonQuantile: 0.5,
  growthMax: 1.2,
  levelSlots: 72,
  levelQuantile: 0.95,
  newestSlots: 4,
  agreementSlots: 1,
  evidenceSlots: 168,
  isSqueezable: true,
  warmUpSlots: 24,
  freshSlots: 4,
  lowerFactor: 0.25,
  sanityFactor: 2,
} as const;

export const classPolicies: Readonly<Record<WorkloadClass, SizingPolicy>> = {
  /** A shortage costs 5: it waits for two short steps, and follows demand down within hours. */
  batch: {
    ...shared,
    workload: 'batch',
    aheadSlots: 4,
    seasonWeight: 0.8,
    margin: 0.65,
    highestMargin: 0,
    shortageMargin: 1.05,
    shortSteps: 2,
    // Two, so that demand which alternates from slot to slot comes to rest.
    recentSlots: 2,
    raiseDeadband: 0.2,
    lowerDeadband: 0.3,
    dwellSlots: 2,
    raiseFactor: 3,
  },
  /** A shortage costs 20. */
  serving: {
    ...shared,
    workload: 'serving',
    aheadSlots: 6,
    seasonWeight: 0.65,
    levelQuantile: 0.92,
    margin: 1,
    highestMargin: 0,
    shortageMargin: 1.02,
    shortSteps: 1,
    recentSlots: 3,
    raiseDeadband: 0.15,
    lowerDeadband: 0.25,
    dwellSlots: 4,
    raiseFactor: 2,
  },
  /** A shortage costs 100: never below the highest of two weeks. */
  guaranteed: {
    ...shared,
    workload: 'guaranteed',
    aheadSlots: 6,
    seasonWeight: 0.5,
    margin: 1,
    highestMargin: 1.05,
    shortageMargin: 1.2,
    shortSteps: 1,
    recentSlots: 4,
    raiseDeadband: 0.15,
    lowerDeadband: 0.15,
    dwellSlots: 12,
    raiseFactor: 4,
  },
};

/** The least part of the highest seen that what cannot be squeezed keeps, and how long it rests: half a day. */
const HIGHEST_KEPT = 1.05;
const REST_DAYS = 0.5;
const LOWERING_LEAVES = 0.8;

/** What cannot be squeezed goes down a fifth at a time, on a week's evidence, and never under what was seen. */
export function unsqueezable(policy: SizingPolicy): SizingPolicy {
  return {
    ...policy,
    isSqueezable: false,
    highestMargin: Math.max(HIGHEST_KEPT, policy.highestMargin),
    dwellSlots: Math.max(policy.dwellSlots, Math.ceil(policy.daySlots * REST_DAYS)),
    lowerFactor: Math.max(LOWERING_LEAVES, policy.lowerFactor),
  };
}

/** How many slots of profile a policy looks at. */
export function lookbackSlots({
  lookbackDays,
  daySlots,
}: Pick<SizingPolicy, 'lookbackDays' | 'daySlots'>): number {
  return lookbackDays * daySlots;
}
