import type { Estimate } from './estimate.ts';

const AGE_MIN_HOURS = 12;
const DIFFERENCE_MIN = 0.1;

/** Whether the updater would replace what runs with this limit. @param ageHours since it was last replaced */
export function isDue(
  current: number,
  { lower, target, upper }: Estimate,
  ageHours: number,
): boolean {
  if (current < lower || current > upper) return true;
  return ageHours >= AGE_MIN_HOURS && Math.abs(target - current) >= DIFFERENCE_MIN * current;
}
