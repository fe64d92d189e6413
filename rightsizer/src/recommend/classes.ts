import type { WorkloadClass } from './recommendation.ts';

/** How one class is sized. Lengths of time are counted in slots, an hour each in production. */
export interface SizingPolicy {
  readonly workload: WorkloadClass;
  /** Slots in which demand repeats, shortest: a day. */
  readonly daySlots: number;
  /** How many of these days are looked back over. */
  readonly lookbackDays: number;
  /** How far ahead a limit has to last. */
  readonly aheadSlots: number;
  /** Which part of the days' peaks it has to hold, 0 to 1. */
  readonly seasonQuantile: number;
  /** On top of what the season says. */
  readonly seasonMargin: number;
  /** The newest slots whose highest step is wanted again. */
  readonly recentSlots: number;
  /** How many slots' steps are looked at; at least `recentSlots`. */
  readonly newestSlots: number;
  /** On top of the newest highest. */
  readonly recentMargin: number;
  /** Known slots below which nothing but refusals moves a limit. */
  readonly warmUpSlots: number;
  /** What is known may end this long ago. */
  readonly freshSlots: number;
  /** A limit within this part of where it should be is left alone when it would be lowered. */
  readonly deadband: number;
  /** Slots since the last change before a limit is lowered. */
  readonly dwellSlots: number;
  /** A raise goes at most to this many times the limit. */
  readonly raiseFactor: number;
  /** A lowering leaves at least this part of the limit. */
  readonly lowerFactor: number;
  /** Never further above the highest that was seen. */
  readonly sanityFactor: number;
  /** Whether less than was wanted does no more than slow down: a rate. Capacity and concurrency are not. */
  readonly isSqueezable: boolean;
  /** Known slots that lowering what cannot be squeezed rests on. */
  readonly evidenceSlots: number;
  /** On top of the highest seen of what cannot be squeezed. */
  readonly highestMargin: number;
}

const shared = {
  daySlots: 24,
  lookbackDays: 7,
  aheadSlots: 6,
  warmUpSlots: 24,
  freshSlots: 4,
  recentSlots: 2,
  newestSlots: 2,
  dwellSlots: 12,
  deadband: 0.3,
  raiseFactor: 2,
  lowerFactor: 0.25,
  sanityFactor: 2,
  isSqueezable: true,
  evidenceSlots: 168,
  highestMargin: 1.15,
} as const;

/** What each class is sized by; see docs/explanation/how-limits-are-sized.md for where the numbers come from. */
export const classPolicies: Readonly<Record<WorkloadClass, SizingPolicy>> = {
  batch: {
    ...shared,
    workload: 'batch',
    seasonQuantile: 0.5,
    seasonMargin: 1,
    recentMargin: 1,
  },
  serving: {
    ...shared,
    workload: 'serving',
    seasonQuantile: 0.5,
    seasonMargin: 1.3,
    recentMargin: 1.1,
  },
  guaranteed: {
    ...shared,
    workload: 'guaranteed',
    seasonQuantile: 1,
    seasonMargin: 1.2,
    recentMargin: 1.15,
  },
};

/** What cannot be squeezed goes down a fifth at a time, on a week's evidence, and never under what was seen. */
export function unsqueezable(policy: SizingPolicy): SizingPolicy {
  return { ...policy, isSqueezable: false, lowerFactor: 0.8 };
}

/** How many slots of profile a policy looks at. */
export function lookbackSlots({
  lookbackDays,
  daySlots,
}: Pick<SizingPolicy, 'lookbackDays' | 'daySlots'>): number {
  return lookbackDays * daySlots;
}
