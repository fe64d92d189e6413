import type { LimitKind } from '@prorata/schemas';
import { isRightsized } from '../../resize/sizingOf.ts';
import type { Series } from '../../resize/seriesOf.ts';
import type { DemandProfile, RolledUsage } from '../../rollups/rolledUsage.ts';
import type { EvenSeries } from '../../recommend/recommendation.ts';
import { BacktestFault } from '../backtestFault.ts';

/** Steps of all limits that are read at once, and held. */
export const STEPS_MAX = 20_000_000;

export interface AskedDemand {
  /** A multiple of the slot. */
  readonly from: bigint;
  /** A multiple of the step. */
  readonly to: bigint;
  readonly stepMicros: bigint;
  readonly slotMicros: bigint;
}

/** A limit, and what was wanted of it in each step. */
export interface LimitDemand {
  readonly series: Series;
  readonly steps: EvenSeries;
  readonly pressed: Float64Array;
}

/** Limits whose usage says what they would need: an amount of a kind that evidence moves. */
export function isMeasured(series: Series): boolean {
  const { limit } = series;
  return limit !== null && limit.bound === 'amount' && isRightsized(limit.kind satisfies LimitKind);
}

/** By quota and resource. @throws BacktestFault TOO_MANY_WINDOWS */
export async function readTableDemand(
  usage: RolledUsage,
  all: readonly Series[],
  { from, to, stepMicros, slotMicros }: AskedDemand,
): Promise<readonly LimitDemand[]> {
  const steps = Number((to - from) / stepMicros);
  if (steps < 1 || all.length === 0) return [];
  if (steps * all.length > STEPS_MAX) {
    throw new BacktestFault(
      'TOO_MANY_WINDOWS',
      `${all.length} limits of ${steps} steps; at most ${STEPS_MAX} in all: a shorter time, or a smaller subtree`,
    );
  }
  const byName = new Map(all.map((series) => [nameOf(series), series]));
  const asked = all.map(({ quotaId, resource, demandOf, limit }) => ({
    quotaId,
    resource,
    demandOf,
    perMicros: limit?.kind === 'rate' ? (limit.perMicros ?? 1_000_000n) : null,
  }));
  const found: LimitDemand[] = [];
  for await (const page of usage.profiles({
    series: asked,
    from,
    to,
    stepMicros,
    slotMicros,
    steps,
  })) {
    for (const profile of page) {
      const series = byName.get(nameOf(profile.series));
      if (series !== undefined && isSeen(profile)) found.push({ series, ...stepsOf(profile) });
    }
  }
  return found;
}

const stepsOf = ({ steps, pressed }: DemandProfile): Omit<LimitDemand, 'series'> => ({
  // Of a page that is larger: what is kept must not keep it.
  steps: { ...steps, values: steps.values.slice() },
  pressed: pressed.slice(),
});

const isSeen = ({ steps }: DemandProfile): boolean =>
  steps.values.some((value) => !Number.isNaN(value));

export function nameOf({ quotaId, resource }: Pick<Series, 'quotaId' | 'resource'>): string {
  return `${quotaId} ${resource}`;
}
