import type { Price } from '@prorata/schemas';
import type { BookTerms } from '../bookTerms.ts';
import type { LedgerGround } from '../ledger.ts';
import type { Closing, CreditFact } from '../ledgerFacts.ts';
import { isBy } from '../monthTerms.ts';
import type { HeldSpan, Reservation } from '../reservations.ts';
import type { MemoryRow } from './memoryUses.ts';

/** What a test says of the log; the rest is empty. */
export interface GroundTerms {
  readonly prices?: readonly Price[];
  /** Of the one version, or of the first. */
  readonly book?: Partial<BookTerms>;
  readonly laterBooks?: readonly BookTerms[];
  readonly credits?: readonly CreditFact[];
  readonly closings?: readonly Closing[];
  readonly held?: readonly (Reservation & {
    readonly project: string;
    readonly resource: string;
  })[];
  readonly supply?: readonly HeldSpan[];
}

/** The log in the book `list`, of the application `llm`. */
export function groundOf(terms: GroundTerms): LedgerGround {
  const first = {
    id: 'list',
    version: 1n,
    currency: 'USD',
    timeZone: 'UTC',
    closeAfterMicros: 0n,
    prices: terms.prices ?? [],
    sharedCosts: [],
    idle: [],
    decidedAt: 0n,
    ...terms.book,
  };
  const books = [first, ...(terms.laterBooks ?? [])];
  const held = terms.held ?? [];
  return {
    book: (_id, decidedBy) => books.findLast(({ decidedAt }) => isBy(decidedAt, decidedBy)) ?? null,
    bookVersions: () => books,
    booksOf: () => ['list'],
    credits: () => terms.credits ?? [],
    closings: () => terms.closings ?? [],
    reservations: {
      projects: () => new Set(held.map(({ project }) => project)),
      of: (project, _application, resource) =>
        held.filter((each) => each.project === project && each.resource === resource),
      supply: () => terms.supply ?? [],
    },
  };
}

/** A row of `acme/search` and `llm/chat`, unless it says another. */
export type TestUse = Partial<MemoryRow> & { readonly used: bigint; readonly at?: bigint };

let offset = 0n;

export function useAt({ at = 0n, ...use }: TestUse): MemoryRow {
  offset += 1n;
  return {
    project: 'acme/search',
    application: 'llm',
    resource: 'tokens',
    quotaId: 'llm/chat',
    windowStart: at,
    loggedAt: at,
    partition: 0,
    offset,
    ...use,
  };
}
