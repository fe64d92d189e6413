import { decimalOf, picosOf } from '@prorata/quota-model';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { BookTerms } from './bookTerms.ts';
import { dayAt, monthAt } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import { inCodeUnits } from './chargeUse.ts';
import type { Closing, CreditFact, KnownSince } from './ledgerFacts.ts';
import { byTime, isBy } from './monthTerms.ts';
import type { LedgerScope } from './monthTerms.ts';

export interface CreditTerms {
  readonly scope: LedgerScope;
  readonly book: BookTerms;
  readonly credits: readonly CreditFact[];
  /** Of the organization and the book, in order. */
  readonly closings: readonly Closing[];
  /** Lines that are dated in it. */
  readonly window: TimeWindow;
  /** Of the log what was decided by then; null: all of it. */
  readonly decidedBy: bigint | null;
  /** Credits of later moments do not count yet. */
  readonly at: bigint;
}

/**
 * Credits as lines of their moment. What a closing did not know of its period, a grant or a withdrawal, is a
 * correction, dated when it was decided.
 */
export function creditLines(terms: CreditTerms): ChargeLine[] {
  const { scope, window, decidedBy } = terms;
  return terms.credits
    .filter(({ granted, at }) => isBy(granted.at, decidedBy) && at <= terms.at)
    .filter(({ project }) => scope.project === null || project === scope.project)
    .flatMap((credit) => linesOf(terms, credit))
    .filter(({ datedAt }) => datedAt >= window.start && datedAt < window.end)
    .sort((a, b) => byTime(a.datedAt, b.datedAt) || inCodeUnits(a.name ?? '', b.name ?? ''));
}

function linesOf(terms: CreditTerms, credit: CreditFact): ChargeLine[] {
  const { closings, decidedBy } = terms;
  const { granted } = credit;
  const isWithdrawn = credit.withdrawn !== null && isBy(credit.withdrawn.at, decidedBy);
  const withdrawn = isWithdrawn ? credit.withdrawn : null;
  const closing = closings.find(({ start, end }) => credit.at >= start && credit.at < end);
  if (closing === undefined) return withdrawn === null ? [lineOf(terms, credit, -1n, null)] : [];
  const isIn = (since: KnownSince | null): boolean =>
    since !== null && since.version <= closing.organizationVersion;
  if (isIn(withdrawn)) return [];
  const grant = lineOf(terms, credit, -1n, isIn(granted) ? null : granted);
  return withdrawn === null ? [grant] : [grant, lineOf(terms, credit, 1n, withdrawn)];
}

/** @param since of a correction; null: it is none */
function lineOf(
  { scope, book, closings }: CreditTerms,
  { creditId, project, amount, currency, at }: CreditFact,
  sign: bigint,
  since: KnownSince | null,
): ChargeLine {
  const datedAt = since === null ? at : foundAt(closings, since);
  return {
    organization: scope.organization,
    project,
    category: 'credit',
    correction: since !== null,
    priceBook: book.id,
    currency: book.currency,
    billing: monthAt(book.timeZone, datedAt),
    charge: dayAt(book.timeZone, at),
    datedAt,
    application: null,
    resource: null,
    quotaId: null,
    name: creditId,
    used: 0n,
    reserved: null,
    charged: 0n,
    price: null,
    // An organization does not know a book's currency: what was granted in another is in no sum of money.
    cost: currency === book.currency ? decimalOf(sign * picosOf(amount)) : null,
  };
}

function foundAt(closings: readonly Closing[], since: KnownSince): bigint {
  const unaware = closings.findLast(
    ({ organizationVersion }) => organizationVersion < since.version,
  );
  const closedAt = unaware?.closedAt ?? since.at;
  return since.at > closedAt ? since.at : closedAt;
}
