import type { ResourceLimit } from '@prorata/schemas';
import type { DemandStep } from '../rollups/rolledUsage.ts';
import type { DemandBucket } from './history.ts';
import { ceilDivide } from './recommend.ts';

const MILLION = 1_000_000n;

/**
 * A series of usage in the unit of its limit.
 *
 * - A rate: what was let through and refused per the limit's own time, which may span several steps.
 *   What was queued is in what was let through, so it is not added; it tells that there was pressure.
 *   The highest second counts too where the limit is for a second or less.
 * - Concurrency and capacity: the highest at once. How many of the refused would have been there at
 *   the same time cannot be known; they are taken as at most as many as were there.
 */
export function demandBuckets(
  steps: readonly DemandStep[],
  limit: ResourceLimit,
  stepMicros: bigint,
): DemandBucket[] {
  if (limit.kind !== 'rate') return steps.map(atOnce);
  const perMicros = limit.perMicros ?? MILLION;
  return steps.map((step, index) => ({
    start: step.start,
    demand: ratePer(steps, index, perMicros, stepMicros),
    peak: perMicros <= MILLION ? ceilDivide(step.peak * perMicros, MILLION) : 0n,
    refused: ceilDivide(step.refusedMicros, MILLION),
    queued: ceilDivide(step.queuedMicros, MILLION),
  }));
}

function atOnce(step: DemandStep): DemandBucket {
  const refused = ceilDivide(step.refusedMicros, MILLION);
  return {
    start: step.start,
    demand: step.peak + (refused < step.peak ? refused : step.peak),
    peak: step.peak,
    refused,
    queued: ceilDivide(step.queuedMicros, MILLION),
  };
}

function ratePer(
  steps: readonly DemandStep[],
  index: number,
  perMicros: bigint,
  stepMicros: bigint,
): bigint {
  const last = steps[index];
  if (last === undefined) return 0n;
  if (perMicros <= stepMicros) {
    return ceilDivide(last.wantedMicros * perMicros, stepMicros * MILLION);
  }
  let sum = 0n;
  for (let at = index; at >= 0; at -= 1) {
    const step = steps[at];
    if (step === undefined || last.start - step.start >= perMicros) break;
    sum += step.wantedMicros;
  }
  return ceilDivide(sum, MILLION);
}
