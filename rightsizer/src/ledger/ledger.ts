import { decimalOf, picosOf } from '@prorata/quota-model';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { BookTerms } from './bookTerms.ts';
import { monthsOf } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import { usageCorrections } from './corrections.ts';
import { creditLines } from './creditLines.ts';
import type { Closing, LedgerFacts } from './ledgerFacts.ts';
import { monthLines } from './monthCharges.ts';
import { isBy } from './monthTerms.ts';
import type { LedgerScope, MonthTerms } from './monthTerms.ts';
import type { HeldReservations } from './reservations.ts';
import { reaches } from './usageSource.ts';
import type { KnownUsage, UsageSource } from './usageSource.ts';

export interface LedgerAsked {
  readonly scope: LedgerScope;
  readonly priceBook: string;
  /** Lines that are dated in it. */
  readonly window: TimeWindow;
  /** Further moments that no line reaches over, so that lines can be told apart by them. */
  readonly cuts?: readonly bigint[];
  readonly usage: KnownUsage;
  /** Of the log what was decided by then; null: all that has been folded. */
  readonly decidedBy: bigint | null;
  /** Nothing is reserved beyond it, no shared cost falls due and no credit counts, microseconds. */
  readonly at: bigint;
}

/** The question, where what is left out means: all that is known now. */
export type LedgerQuestion = Omit<LedgerAsked, 'usage' | 'decidedBy'> &
  Partial<Pick<LedgerAsked, 'usage' | 'decidedBy'>>;

/** What the ledger asks of the log. */
export interface LedgerGround extends Pick<
  LedgerFacts,
  'book' | 'bookVersions' | 'booksOf' | 'closings' | 'credits'
> {
  readonly reservations: HeldReservations;
}

/**
 * Charge lines, made from the table and the log each time they are asked for: there is nothing to edit. The same
 * question of the same positions and moment has the same answer for ever.
 */
export class Ledger {
  readonly #facts: LedgerGround;

  constructor(facts: LedgerGround) {
    this.#facts = facts;
  }

  /**
   * In an order that is the same every time: by month usage, idle and shared cost and credits, at the end
   * corrections of closed periods. Streamed, a project and day at a time. Nothing without such a price book.
   * @throws RangeError the book's time zone is unknown here
   */
  async *lines(source: UsageSource, asked: LedgerAsked): AsyncGenerator<ChargeLine> {
    const { scope, priceBook, window, at, decidedBy } = asked;
    const book = this.#facts.book(priceBook, decidedBy);
    if (book === null) return;
    const closings = this.#closings(asked);
    const credits =
      scope.organization === null ? [] : this.#facts.credits(scope.organization, priceBook);
    for (const month of monthsOf(book.timeZone, window)) {
      const terms = this.#monthTerms(source, asked, book, closings, month);
      for await (const line of monthLines(terms)) {
        if (line.datedAt >= window.start && line.datedAt < window.end) yield line;
      }
    }
    yield* creditLines({ scope, book, credits, closings, window, decidedBy, at });
    for (const [index, closing] of closings.entries()) {
      // What a closing did not know was found after it.
      if (closing.closedAt >= window.end) continue;
      const later = [closing, ...closings.slice(index + 1)] as const;
      for await (const line of this.#corrections(source, asked, later)) {
        if (line.datedAt >= window.start && line.datedAt < window.end) yield line;
      }
    }
  }

  /** A closing that knew more usage than is known here has not happened yet: its lines could not be made. */
  #closings({ scope, priceBook, usage, decidedBy }: LedgerAsked): Closing[] {
    if (scope.organization === null) return [];
    const all = this.#facts.closings(scope.organization, priceBook);
    return all.filter(
      ({ closedAt, positions }) => isBy(closedAt, decidedBy) && reaches(usage.positions, positions),
    );
  }

  #monthTerms(
    source: UsageSource,
    { scope, priceBook, window, cuts: more = [], usage, at }: LedgerAsked,
    newest: BookTerms,
    closings: readonly Closing[],
    month: TimeWindow,
  ): MonthTerms {
    const { reservations } = this.#facts;
    const cuts = [window.start, window.end, ...more];
    const shared = { scope, month, cuts, reservations, source };
    const closing = closings.find(({ start }) => start === month.start);
    if (closing === undefined) {
      const until = at < month.end ? at : month.end;
      return { ...shared, book: newest, known: usage, until };
    }
    const { positions, priceBookVersion } = closing;
    const book = this.#version(priceBook, priceBookVersion) ?? newest;
    return { ...shared, book, known: { positions, loggedBefore: null }, until: month.end };
  }

  #corrections(
    source: UsageSource,
    { scope, priceBook, usage, decidedBy }: LedgerAsked,
    closings: readonly [Closing, ...Closing[]],
  ): AsyncGenerator<ChargeLine> {
    const [{ priceBookVersion }] = closings;
    const { reservations } = this.#facts;
    const books = this.#facts
      .bookVersions(priceBook)
      .filter(
        ({ version, decidedAt }) => version >= priceBookVersion && isBy(decidedAt, decidedBy),
      );
    const [first, ...later] = books;
    if (first === undefined) throw new RangeError('unreachable: a closing names a version');
    const terms = { scope, known: usage, reservations, source, closings };
    return usageCorrections({ ...terms, books: [first, ...later] });
  }

  #version(priceBook: string, version: bigint): BookTerms | null {
    return this.#facts.bookVersions(priceBook).find((book) => book.version === version) ?? null;
  }
}

/** What lines come to. */
export interface LedgerTotals {
  readonly lines: number;
  /** A decimal; of lines without a price nothing. */
  readonly cost: string;
  /** Base units of usage lines, whether they have a price or not. */
  readonly used: bigint;
  /** Of lines without a price. */
  readonly unpriced: bigint;
}

/** Adds lines up as they come: their costs have at most 12 places, so the sum is exact. */
export async function totalsOf(lines: AsyncIterable<ChargeLine>): Promise<LedgerTotals> {
  let [count, picos, used, unpriced] = [0, 0n, 0n, 0n];
  for await (const line of lines) {
    count += 1;
    if (line.category === 'usage') used += line.used;
    if (line.cost === null) unpriced += line.used;
    else picos += picosOf(line.cost);
  }
  return { lines: count, cost: decimalOf(picos), used, unpriced };
}
