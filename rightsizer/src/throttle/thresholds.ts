import { decimalOf, picosOf } from '@prorata/quota-model';
import type { BudgetState } from '@prorata/quota-model';
import type { ThresholdBasis, ThresholdDirection } from '@prorata/schemas';
import type { NoForecast, SpendForecast } from '../forecast/spendForecast.ts';
import type { ThrottlePolicy } from '../policy.ts';
import { incompleteness } from './judgeBudget.ts';
import type { BudgetInputs } from './judgeBudget.ts';
import { isMore } from './spend.ts';

/** A threshold that the budget has crossed and that has not been told in this window. */
export interface DueThreshold {
  readonly basis: ThresholdBasis;
  readonly basisPoints: number;
  readonly direction: ThresholdDirection;
}

const BASIS_POINTS = 10_000n;

/**
 * What has been crossed since it was last told: each threshold at most once in each direction and window, as the
 * organization's stream remembers. Nothing on data that is late or incomplete, and nothing of a forecast
 * where there is none. Pure.
 */
export function dueThresholds(
  inputs: BudgetInputs,
  forecast: SpendForecast | NoForecast | null,
  policy: ThrottlePolicy,
): DueThreshold[] {
  const { budget, spend, window } = inputs;
  if (spend === null || window === null || incompleteness(inputs) !== null) return [];
  if (!hasCaughtUp(inputs, policy)) return [];
  const told = budget.crossings?.windowStart === window.start ? budget.crossings.crossed : [];
  return budget.thresholds.flatMap(({ basis, basisPoints }): DueThreshold[] => {
    const value =
      basis === 'actual' ? spend.total : forecast?.kind === 'forecast' ? forecast.point : null;
    if (value === null) return [];
    const direction = reaches(value, budget, basisPoints) ? 'up' : 'down';
    const has = (wanted: ThresholdDirection): boolean =>
      told.some(
        (each) =>
          each.basis === basis && each.basisPoints === basisPoints && each.direction === wanted,
      );
    if (has(direction) || (direction === 'down' && !has('up'))) return [];
    return [{ basis, basisPoints, direction }];
  });
}

/** The money at which a threshold of the budget is reached, an exact decimal. */
export function levelOf({ amount }: Pick<BudgetState, 'amount'>, basisPoints: number): string {
  return decimalOf((picosOf(amount) * BigInt(basisPoints)) / BASIS_POINTS);
}

function reaches(value: string, budget: BudgetState, basisPoints: number): boolean {
  return isMore(value, '0') && !isMore(levelOf(budget, basisPoints), value);
}

function hasCaughtUp({ tableCaughtUpAt, now }: BudgetInputs, policy: ThrottlePolicy): boolean {
  return tableCaughtUpAt !== null && now - tableCaughtUpAt <= BigInt(policy.freshnessMs) * 1_000n;
}
