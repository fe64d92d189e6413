import { decidingEvery, windowsIn } from '../limitProvider.ts';
import type { CausalProvider } from '../limitProvider.ts';
import { highestOf } from './highestOf.ts';

/** The same hour a day and a week ago; the higher of both and 15 %. Looked at hourly. */
const DAY_HOURS = 24;
const WEEK_HOURS = 168;
const MARGIN = 1.15;

export const seasonalNaive: CausalProvider = {
  kind: 'baseline',
  name: 'seasonal-naive',
  begin: (facts) => {
    const hour = windowsIn(1, facts.stepMicros);
    const day = windowsIn(DAY_HOURS, facts.stepMicros);
    const week = windowsIn(WEEK_HOURS, facts.stepMicros);
    return decidingEvery(hour, facts, ({ values, known }, at) => {
      // What is not known yet is NaN, and counts for nothing.
      const same = (ago: number): number =>
        highestOf(values, at - ago, Math.min(at - ago + hour, known));
      return Math.max(same(day), same(week)) * MARGIN;
    });
  },
};
