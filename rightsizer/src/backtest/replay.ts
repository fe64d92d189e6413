import type { DemandSeries } from './demandSeries.ts';
import type { LimitProvider, SeriesFacts } from './limitProvider.ts';
import { SeriesTally } from './seriesTally.ts';

export interface ReplayTerms {
  /** Windows before the first that is judged; above `lag`. */
  readonly warmUp: number;
  /** Windows between the end of what is known and the window that a limit is chosen for. */
  readonly lag: number;
}

export interface Replayed {
  /** One per window; NaN within the warm-up. */
  readonly limits: Float64Array;
  readonly tally: SeriesTally;
}

/**
 * Holds a policy's limits against a series. The limit of window t is chosen on what ended `lag` windows before t
 * began: nothing later has been written into what the policy can reach.
 * @throws RangeError for a limit that is no number, and for a series without a window after the warm-up
 */
export function replay(
  series: DemandSeries,
  provider: LimitProvider,
  { warmUp, lag }: ReplayTerms,
): Replayed {
  const { values } = series;
  if (values.length <= warmUp || lag >= warmUp || lag < 0) {
    throw new RangeError(`${series.name} has no window after its warm-up.`);
  }
  const { name, from, stepMicros } = series;
  const facts: SeriesFacts = { name, from, stepMicros, warmUp, lag };
  const rule = provider.kind === 'oracle' ? provider.begin(facts, values) : provider.begin(facts);
  const past = {
    values: new Float64Array(values.length).fill(NaN),
    known: 0,
    limits: new Float64Array(values.length).fill(NaN),
  };
  // A rule may write into what it is given; what is judged is ours.
  const limits = new Float64Array(values.length).fill(NaN);
  const tally = new SeriesTally(stepMicros);
  for (let at = warmUp; at < values.length; at += 1) {
    for (; past.known < at - lag; past.known += 1) {
      past.values[past.known] = values[past.known] ?? NaN;
    }
    const limit = rule.limitAt(past, at);
    if (!Number.isFinite(limit) || limit < 0) {
      throw new RangeError(`${provider.name} gave the limit ${limit} for ${name}.`);
    }
    past.limits[at] = limit;
    limits[at] = limit;
    tally.add(values[at] ?? NaN, limit);
  }
  return { limits, tally };
}
