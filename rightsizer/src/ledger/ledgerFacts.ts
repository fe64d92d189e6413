import type { ApplicationState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { partitionKey } from '../table/positions.ts';
import type { Positions } from '../table/tableVersion.ts';
import type { BookTerms } from './bookTerms.ts';
import { isBy } from './monthTerms.ts';
import { Reservations } from './reservations.ts';

/** Money granted, and perhaps taken back. Versions are of the organization's stream. */
export interface CreditFact {
  readonly creditId: string;
  /** null: the organization as a whole. */
  readonly project: string | null;
  readonly priceBook: string;
  /** Above 0. */
  readonly amount: string;
  readonly currency: string;
  readonly at: bigint;
  readonly granted: KnownSince;
  readonly withdrawn: KnownSince | null;
}

export interface KnownSince {
  readonly version: bigint;
  /** Decision time, microseconds. */
  readonly at: bigint;
}

/** A period as it was closed. */
export interface Closing {
  readonly priceBook: string;
  readonly priceBookVersion: bigint;
  readonly start: bigint;
  readonly end: bigint;
  readonly organizationVersion: bigint;
  readonly positions: Positions;
  readonly lines: bigint;
  readonly total: string;
  readonly closedAt: bigint;
}

/** What of the log the ledger stands on, its past included: books by version, credits, closings, guarantees. */
export class LedgerFacts {
  readonly reservations = new Reservations();
  readonly #books = new Map<string, BookTerms[]>();
  readonly #credits = new Map<string, CreditFact[]>();
  /** By organization: in the order in which they were closed. */
  readonly #closings = new Map<string, Closing[]>();
  readonly #versions = new Map<string, bigint>();
  /** By organization and budget; those of retired budgets too, for what was charged by them was. */
  readonly #budgetBooks = new Map<string, Map<string, string>>();

  /** Call before the state evolves, which changes it in place; then what it returns, with the state after. */
  fold(before: StreamState | null, event: EventMessage): (after: StreamState) => void {
    const application = before?.kind === 'application' ? before : null;
    const touched = this.reservations.touchedBy(application, event);
    return (after) => {
      if (after.kind === 'application') this.#foldApplication(after, event, touched);
      if (after.kind === 'organization') this.#foldOrganization(after.id, event);
      if (event.type === 'PriceBookDefined' && after.kind === 'pricebook') {
        const { version, currency, prices } = event.value;
        const { timeZone, closeAfterMicros, sharedCosts, idle } = event.value;
        const { decidedAt } = event.value.envelope;
        const terms = { id: after.id, version, currency, prices, decidedAt };
        listOf(this.#books, after.id).push({
          ...terms,
          timeZone,
          closeAfterMicros,
          sharedCosts,
          idle,
        });
      }
    };
  }

  /** Every price book that there is, by name. */
  priceBooks(): readonly string[] {
    return [...this.#books.keys()].sort();
  }

  /** By version, from 1 on. */
  bookVersions(priceBook: string): readonly BookTerms[] {
    return this.#books.get(priceBook) ?? [];
  }

  /** The newest version that was published by a moment, or of all; null: there was none. */
  book(priceBook: string, decidedBy: bigint | null): BookTerms | null {
    const versions = this.bookVersions(priceBook);
    return versions.findLast(({ decidedAt }) => isBy(decidedAt, decidedBy)) ?? null;
  }

  /** The books that charge the organization: its budgets name them, or its credits, or they have terms for it. Sorted. */
  booksOf(organization: string | null): readonly string[] {
    if (organization === null) return [...this.#books.keys()].sort();
    const named = new Set(this.#budgetBooks.get(organization)?.values() ?? []);
    for (const { priceBook } of this.#credits.get(organization) ?? []) named.add(priceBook);
    for (const { priceBook } of this.#closings.get(organization) ?? []) named.add(priceBook);
    for (const [id, versions] of this.#books) {
      const { sharedCosts = [], idle = [] } = versions.at(-1) ?? {};
      if ([...sharedCosts, ...idle].some((each) => each.organization === organization))
        named.add(id);
    }
    return [...named].filter((id) => this.#books.has(id)).sort();
  }

  credits(organization: string, priceBook: string): readonly CreditFact[] {
    const all = this.#credits.get(organization) ?? [];
    return all.filter((credit) => credit.priceBook === priceBook);
  }

  closings(organization: string, priceBook: string): readonly Closing[] {
    const all = this.#closings.get(organization) ?? [];
    return all.filter((closing) => closing.priceBook === priceBook);
  }

  /** The version of the organization's stream that has been folded; 0: none. */
  organizationVersion(organization: string): bigint {
    return this.#versions.get(organization) ?? 0n;
  }

  #foldApplication(state: ApplicationState, event: EventMessage, touched: readonly string[]): void {
    this.reservations.fold(state, event, touched);
  }

  #foldOrganization(organization: string, event: EventMessage): void {
    const { streamVersion, decidedAt } = event.value.envelope;
    this.#versions.set(organization, streamVersion);
    const since = { version: streamVersion, at: decidedAt };
    if (event.type === 'BudgetDefined') {
      const books = this.#budgetBooks.get(organization) ?? new Map<string, string>();
      this.#budgetBooks.set(organization, books);
      books.set(event.value.budgetId, event.value.priceBook);
    }
    if (event.type === 'CreditGranted') {
      const { creditId, project, priceBook, amount, currency, at } = event.value;
      const terms = { creditId, project, priceBook, amount, currency, at };
      const credit = { ...terms, granted: since, withdrawn: null };
      listOf(this.#credits, organization).push(credit);
    }
    if (event.type === 'CreditWithdrawn') {
      const list = listOf(this.#credits, organization);
      const index = list.findLastIndex(({ creditId }) => creditId === event.value.creditId);
      const credit = list[index];
      if (credit !== undefined) list[index] = { ...credit, withdrawn: since };
    }
    if (event.type === 'PeriodClosed') {
      const { priceBook, priceBookVersion, periodStart, periodEnd } = event.value;
      const { organizationVersion, positions, lines, total } = event.value;
      listOf(this.#closings, organization).push({
        priceBook,
        priceBookVersion,
        start: periodStart,
        end: periodEnd,
        organizationVersion,
        positions: new Map(
          positions.map(({ source, partition, nextOffset }) => [
            partitionKey(source, partition),
            nextOffset,
          ]),
        ),
        lines,
        total,
        closedAt: decidedAt,
      });
    }
  }
}

function listOf<Entry>(lists: Map<string, Entry[]>, key: string): Entry[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Entry[] = [];
  lists.set(key, list);
  return list;
}
