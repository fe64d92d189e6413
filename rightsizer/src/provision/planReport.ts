import { timeToJson } from '@prorata/schemas';
import type { EntitlementPlan, PlannedShare } from './entitlementPlan.ts';

/** The body of `GET /v1/budgets/<organization>/<budget>/entitlements`; bigints are the server's to write. */
export function planReport(organization: string, plan: EntitlementPlan, now: bigint): object {
  const { budget, amount, shares, handedOut, beyond } = plan;
  return {
    organization,
    budget: budget.budgetId,
    project: budget.project,
    at: timeToJson(now),
    amount,
    amountInForce: budget.amount,
    currency: budget.currency,
    mode: budget.mode,
    handedOut,
    beyond,
    shares: shares.map(shareReport),
  };
}

/** One share of a budget's split: what it buys, what is handed out and held, and what no longer fits. */
export function shareReport(planned: PlannedShare): object {
  const { share, money, price, unitsPerWindow, buys, target, allocated, isPending } = planned;
  return {
    application: share.application,
    resource: share.resource,
    basisPoints: share.basisPoints,
    money,
    price: price && {
      amount: price.amount,
      perUnits: price.perUnits,
      steps: price.steps,
      effectiveFrom: timeToJson(price.effectiveFrom),
    },
    unitsPerWindow,
    buys,
    target,
    allocated: allocated && { ...allocated, isPending },
    entitled: planned.entitled,
    held: planned.held ?? 'unlimited',
    over: planned.over ?? 'unlimited',
    doesNotFit: planned.overfull.map(({ quotaId, tier, cutPriority, holds, over }) => ({
      quotaId,
      tier,
      cutPriority,
      holds: holds ?? 'unlimited',
      over: over ?? 'unlimited',
    })),
    doesNotFitMore: planned.overfullMore,
    step: planned.step,
    fault: planned.fault,
  };
}
