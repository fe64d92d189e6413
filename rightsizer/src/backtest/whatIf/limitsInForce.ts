import type { ResourceLimit } from '@prorata/schemas';
import type { Disturbances } from '../../view/disturbances.ts';

/** What held of one resource, without cuts and overrides, in the unit of its limit now. */
export interface LimitsInForce {
  /** @param at microseconds; null: it was unlimited or blocked, or there was none */
  at(at: bigint): number | null;
}

/**
 * As far back as the log's view remembers: some weeks. Before a quota's first limit the oldest known one is taken.
 * @param limit the one that holds now
 */
export function limitsInForce(
  disturbances: Pick<Disturbances, 'pastLimits'>,
  quotaId: string,
  limit: ResourceLimit,
): LimitsInForce {
  const past = disturbances.pastLimits(quotaId, limit.resource);
  return {
    at(time) {
      const held = past.find(({ to }) => time < to)?.limit ?? limit;
      if (held.bound !== 'amount') return null;
      // A rate of another time is told in the time of today's.
      const scale = Number(limit.perMicros ?? 1n) / Number(held.perMicros ?? 1n);
      return Number(held.amount) * scale;
    },
  };
}
