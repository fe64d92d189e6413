import { decidingEvery, windowsIn } from '../limitProvider.ts';
import type { CausalProvider } from '../limitProvider.ts';
import { percentileBetween, sortedKnown } from './percentile.ts';

/** As AWS Compute Optimizer's preset: P99.5 of 14 days and 20 % headroom. Looked at daily. */
const HISTORY_HOURS = 14 * 24;
const DECIDE_HOURS = 24;
const PERCENTILE = 0.995;
const HEADROOM = 1.2;

export const computeOptimizer: CausalProvider = {
  kind: 'baseline',
  name: 'p99.5-14d',
  begin: (facts) => {
    const history = windowsIn(HISTORY_HOURS, facts.stepMicros);
    return decidingEvery(
      windowsIn(DECIDE_HOURS, facts.stepMicros),
      facts,
      ({ values, known }) =>
        percentileBetween(sortedKnown(values, known - history, known), PERCENTILE) * HEADROOM,
    );
  },
};
