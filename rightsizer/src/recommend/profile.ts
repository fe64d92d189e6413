import { levelOf } from './bursts.ts';
import type { SizingPolicy } from './classes.ts';
import { growthOf, seasonOf } from './growth.ts';
import { highestWithin } from './quantiles.ts';

/** What the slots that are over say. It changes once a slot, and is reckoned then. */
export interface Profile {
  /** Slots of which something is known. */
  readonly known: number;
  /** Of these, slots among the newest that the level is taken from. */
  readonly knownLately: number;
  /** The highest slot; 0 of none. */
  readonly highest: number;
  /** What will be wanted at most within what lies ahead, the class's margin included; 0: nothing is known. */
  readonly expected: number;
  /** The same, as it was `agreementSlots` ago. */
  readonly expectedBefore: number;
  /** Whether season or level is the larger part of it, and whether a trend raised it. */
  readonly isSeason: boolean;
  readonly isGrowing: boolean;
}

/** @param slots whole ones, the newest last; the next one is in progress */
export function profileOf(slots: Float64Array, policy: SizingPolicy): Profile {
  const before = Math.max(0, slots.length - policy.agreementSlots);
  const growth = growthOf(slots, policy);
  const now = expectedOf(slots, policy);
  const highest = highestWithin(slots, 0, slots.length);
  return {
    known: knownWithin(slots, 0),
    knownLately: knownWithin(slots, slots.length - policy.levelSlots),
    highest,
    expected: now.expected * growth,
    expectedBefore: expectedOf(slots.subarray(0, before), policy).expected * growth,
    isSeason: now.season >= now.level,
    isGrowing: growth > 1,
  };
}

function knownWithin(slots: Float64Array, from: number): number {
  let known = 0;
  for (let index = Math.max(0, from); index < slots.length; index++) {
    if (!Number.isNaN(slots[index])) known += 1;
  }
  return known;
}

function expectedOf(
  slots: Float64Array,
  policy: SizingPolicy,
): { readonly expected: number; readonly season: number; readonly level: number } {
  const level = levelOf(slots, policy);
  const season = seasonOf(slots, policy, level);
  const { seasonWeight, margin } = policy;
  return { expected: (seasonWeight * season + (1 - seasonWeight) * level) * margin, season, level };
}
