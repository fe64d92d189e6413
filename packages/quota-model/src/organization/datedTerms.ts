/** What a price book says of something from a moment on: prices, shared costs and rules of idle alike. */
import type { IdleRule, Price, SharedCost } from '@prorata/schemas';
import { decimalOf, picosOf } from '../decimals.ts';
import { byCodeUnit } from '../ids.ts';

export interface DatedTerms {
  /** What they are of: the latest at or before a moment hold then. */
  readonly subject: string;
  readonly effectiveFrom: bigint;
  /** Equal where the terms mean the same. */
  readonly meaning: unknown;
  /** For people. */
  readonly what: string;
}

export const priceSubject = ({ application, resource }: Price): string =>
  `price ${application} ${resource}`;

export const sharedSubject = ({ organization, name }: SharedCost): string =>
  `shared ${organization} ${name}`;

export const idleSubject = ({ organization, application, resource }: IdleRule): string =>
  `idle ${organization} ${application} ${resource}`;

export interface BookTerms {
  readonly prices: readonly Price[];
  readonly sharedCosts: readonly SharedCost[];
  readonly idle: readonly IdleRule[];
}

export function datedTerms({ prices, sharedCosts, idle }: BookTerms): DatedTerms[] {
  return [
    ...prices.map((price) => ({
      subject: priceSubject(price),
      effectiveFrom: price.effectiveFrom,
      meaning: { ...price, amount: plain(price.amount), steps: plainSteps(price) },
      what: `the price of ${price.resource} in ${price.application}`,
    })),
    ...sharedCosts.map((cost) => ({
      subject: sharedSubject(cost),
      effectiveFrom: cost.effectiveFrom,
      meaning: { ...cost, amountPerMonth: plain(cost.amountPerMonth) },
      what: `the shared cost ${cost.name} of ${cost.organization}`,
    })),
    ...idle.map((rule) => ({
      subject: idleSubject(rule),
      effectiveFrom: rule.effectiveFrom,
      meaning: rule,
      what: `the rule of idle ${rule.resource} in ${rule.application}`,
    })),
  ];
}

function plainSteps({ steps }: Price): unknown {
  return steps.map(({ fromUnits, amount }) => ({ fromUnits, amount: plain(amount) }));
}

/** `1.50` and `1.5` are one amount of money. */
function plain(amount: string): string {
  return decimalOf(picosOf(amount));
}

/** By what they are of, then by time; projects of a split by name. */
export function inOrder({ prices, sharedCosts, idle }: BookTerms): BookTerms {
  return {
    prices: sorted(prices, priceSubject),
    sharedCosts: sorted(sharedCosts, sharedSubject).map(weightsInOrder),
    idle: sorted(idle, idleSubject).map(weightsInOrder),
  };
}

function sorted<T extends { readonly effectiveFrom: bigint }>(
  entries: readonly T[],
  subjectOf: (entry: T) => string,
): T[] {
  return [...entries].sort((a, b) => {
    const bySubject = byCodeUnit(subjectOf(a), subjectOf(b));
    if (bySubject !== 0 || a.effectiveFrom === b.effectiveFrom) return bySubject;
    return a.effectiveFrom < b.effectiveFrom ? -1 : 1;
  });
}

function weightsInOrder<T extends Pick<SharedCost, 'weights'>>(entry: T): T {
  const weights = [...entry.weights].sort((a, b) => byCodeUnit(a.project, b.project));
  return { ...entry, weights };
}
