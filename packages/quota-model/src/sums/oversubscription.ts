import type { ApplicationState } from '../model.ts';
import { limitIn } from '../validate/setters.ts';
import { WHOLE_BASIS_POINTS } from '../limits.ts';
import { wholeOf } from './sum.ts';

/** How the maxima that count for a quota, or for the application, compare with what it has. */
export interface Oversubscription {
  readonly resource: string;
  /** 10,000: all of it is given out once; rounded up. null: one below is unlimited, or it has nothing. */
  readonly basisPoints: number | null;
}

/** More than this is said as this: nobody reads further. */
const BASIS_POINTS_MAX = Number.MAX_SAFE_INTEGER;

/**
 * For every resource of which a quota (or the application, by its id and its totals) has a number, and of
 * which something is given out below: how far the upper bounds below it sum above its own. That is
 * legal for capacity and rates; a consumable never passes 10,000. Of rates amounts per second count.
 */
export function oversubscriptionOf(
  state: ApplicationState,
  id: string,
): readonly Oversubscription[] {
  return (state.sums.get(id) ?? []).flatMap(({ resource, sum }): Oversubscription[] => {
    const most = mostOf(state, id, resource);
    if (most === null || sum.limits === 0) return [];
    const given = wholeOf(sum);
    if (given === 'unlimited' || most.amount === 0n) return [{ resource, basisPoints: null }];
    const numerator = given.numerator * BigInt(WHOLE_BASIS_POINTS) * most.perMicros;
    const denominator = given.denominator * most.amount * 1_000_000n;
    const basisPoints = Number((numerator + denominator - 1n) / denominator);
    return [{ resource, basisPoints: Math.min(basisPoints, BASIS_POINTS_MAX) }];
  });
}

/** null: it has no number. A limit without a time counts as one a second, which is how sums count it. */
export function mostOf(
  state: ApplicationState,
  id: string,
  resource: string,
): { readonly amount: bigint; readonly perMicros: bigint } | null {
  if (id === state.id) {
    const total = state.registration.resources.get(resource)?.total ?? null;
    return total === null ? null : { amount: total, perMicros: 1_000_000n };
  }
  const limit = limitIn(state, id, resource);
  if (limit === null || limit.bound === 'unlimited') return null;
  return { amount: limit.amount, perMicros: limit.perMicros ?? 1_000_000n };
}
