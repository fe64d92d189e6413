import { Ledger } from '../ledger/ledger.ts';
import type { LedgerQuestion } from '../ledger/ledger.ts';
import type { LedgerFacts } from '../ledger/ledgerFacts.ts';
import { SharedLedger } from '../ledger/sharedLedger.ts';
import type { UsageSource } from '../ledger/usageSource.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { SpendLedger } from '../throttle/budgetSpends.ts';

/** The real ledger over simulated usage, of which nothing is closed. */
export function simulatedSpendLedger(
  facts: LedgerFacts,
  usesOf: (version: TableVersion) => UsageSource,
): SpendLedger {
  const ledger = new Ledger(facts);
  const usage = { positions: null, loggedBefore: null };
  const lines = (source: UsageSource, question: LedgerQuestion) =>
    ledger.lines(source, { usage, decidedBy: null, ...question });
  return {
    book: (priceBook, decidedBy) => facts.book(priceBook, decidedBy),
    closedUntil: () => null,
    sharing: (version) => new SharedLedger(usesOf(version), lines),
  };
}
