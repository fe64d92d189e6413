import type { LedgerFacts } from '../ledger/ledgerFacts.ts';
import { LedgerReader } from '../ledger/ledgerReader.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { checkLedger, organizationOfSum, usedSums } from './checkLedger.ts';
import type { LedgerFound } from './checkLedger.ts';
import type { Difference } from './difference.ts';

const DAY_MICROS = 86_400_000_000n;

export interface LedgersVerified {
  readonly ledgers: readonly LedgerFound[];
  readonly difference: Difference | null;
}

/**
 * Every price book's ledger of every organization that has used something, from the first window on: its units
 * beside the table's, its money beside units times price. Ends at the first that is off.
 * @param now microseconds
 */
export async function verifyLedgers(
  usage: TableVersion,
  facts: LedgerFacts,
  now: bigint,
): Promise<LedgersVerified> {
  const sums = await usedSums(usage);
  const start = await firstWindow(usage);
  const organizations = new Set([...sums.keys()].map(organizationOfSum));
  const reader = new LedgerReader(facts);
  const ledgers: LedgerFound[] = [];
  if (start === null) return { ledgers, difference: null };
  for (const priceBook of facts.priceBooks()) {
    for (const organization of organizations) {
      const lines = reader.lines(usage, {
        scope: { organization, project: null },
        priceBook,
        // Windows may end a little ahead of the log's clock.
        window: { start, end: now + DAY_MICROS },
        at: now,
      });
      const own = new Map([...sums].filter(([key]) => organizationOfSum(key) === organization));
      const place = `the ledger of ${organization ?? 'nobody'} by ${priceBook}`;
      const { difference, ...found } = await checkLedger(place, lines, own);
      ledgers.push({ priceBook, organization, ...found });
      if (difference !== null) return { ledgers, difference };
    }
  }
  return { ledgers, difference: null };
}

/** null: nothing was used. */
async function firstWindow(usage: TableVersion): Promise<bigint | null> {
  const starts = (await usage.files()).map(({ windowStart }) => windowStart);
  return starts.reduce<bigint | null>(
    (first, each) => (first === null || each < first ? each : first),
    null,
  );
}
