/** What is wrong with sums, in words; null when nothing is. */
import type { ResourceDeclaration, ResourceLimit } from '@prorata/schemas';
import { guaranteeOf } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { amountIn, keyOf } from '../sums/sum.ts';
import type { Sum } from '../sums/sum.ts';
import type { Tally } from '../sums/tally.ts';
import { limitIn } from './setters.ts';

/** What a sum of one resource may reach: of guarantees, or of the amounts of each window. */
interface Most {
  readonly resource: string;
  readonly what: 'guarantees' | 'amounts';
  readonly amount: bigint;
  /** The one window that is summed; null: each for itself. */
  readonly key: string | null;
  /** In a message. */
  readonly of: string;
}

/** Of a sum that may have grown: only where it did. */
export function grownExcess(
  state: ApplicationState,
  id: string,
  before: Tally | null,
  after: Tally,
): string | null {
  const { resource } = after;
  const limit = limitIn(state, id, resource);
  const declaration = state.registration.resources.get(resource);
  const most = limit === null ? mostInTotal(declaration) : mostUnder(limit, id);
  return most === null ? null : excessOver(most, after.sum, before?.sum ?? null);
}

/**
 * Of a sum under a limit that is new or lower. What grew of the very thing that the limit bounds is judged
 * by those who made it grow; what else grew beside it (a maximum beside guarantees) says nothing of it.
 */
export function keptExcess(
  limit: ResourceLimit,
  former: ResourceLimit | null,
  sums: { readonly before: Sum; readonly after: Sum },
  id: string,
): string | null {
  const most = mostUnder(limit, id);
  const mostBefore = former === null ? null : mostUnder(former, id);
  if (most === null || isGrown(most, sums.before, sums.after)) return null;
  const isKept =
    mostBefore !== null && mostBefore.key === most.key && mostBefore.amount <= most.amount;
  return isKept ? null : excessOver(most, sums.after, null);
}

/** Of all quotas of an application, under a declaration that may be new. */
export function totalExcess(sum: Sum, declaration: ResourceDeclaration): string | null {
  const most = mostInTotal(declaration);
  return most === null ? null : excessOver(most, sum, null);
}

/** Whether what may reach so much at most grew. */
function isGrown({ what, key }: Most, before: Sum, after: Sum): boolean {
  if (before === after) return false;
  if (what === 'guarantees') return after.guarantees > before.guarantees;
  return (
    after.unlimited > before.unlimited ||
    after.amounts.some(
      (entry) => (key === null || entry.key === key) && isMore(entry.amount, before, entry.key),
    )
  );
}

function mostUnder(limit: ResourceLimit, id: string): Most | null {
  const { resource, kind, bound, amount } = limit;
  if (kind === 'capacity') {
    return { resource, what: 'guarantees', amount: guaranteeOf(limit), key: null, of: id };
  }
  if (kind !== 'consumable' || bound !== 'amount') return null;
  return { resource, what: 'amounts', amount, key: keyOf(limit), of: id };
}

function mostInTotal(declaration: ResourceDeclaration | undefined): Most | null {
  const total = declaration?.total ?? null;
  if (declaration === undefined || total === null) return null;
  const { kind, name: resource } = declaration;
  if (kind !== 'capacity' && kind !== 'consumable') return null;
  const what = kind === 'capacity' ? 'guarantees' : 'amounts';
  return { resource, what, amount: total, key: null, of: 'the total' };
}

/** @param before only what is more than there counts; null: everything */
function excessOver(most: Most, sum: Sum, before: Sum | null): string | null {
  if (most.what === 'guarantees') {
    const isOver = sum.guarantees > most.amount && sum.guarantees > (before?.guarantees ?? -1n);
    return isOver ? excessText(most, sum.guarantees) : null;
  }
  if (sum.unlimited > (before?.unlimited ?? 0)) return excessText(most, 'unlimited');
  for (const { key } of sum.amounts) {
    const amount = amountIn({ ...sum, unlimited: 0 }, key);
    if (amount === 'unlimited' || (most.key !== null && most.key !== key)) continue;
    if (amount > most.amount && (before === null || isMore(amount, before, key))) {
      return excessText(most, amount);
    }
  }
  return null;
}

function isMore(amount: bigint, before: Sum, key: string): boolean {
  return amount > (before.amounts.find((entry) => entry.key === key)?.amount ?? 0n);
}

function excessText({ resource, what, amount, of }: Most, sum: bigint | 'unlimited'): string {
  return `The ${what} of ${resource} would sum to ${sum.toString()}; ${of} has ${amount.toString()}.`;
}
