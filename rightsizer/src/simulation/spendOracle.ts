import type { LedgerFacts } from '../ledger/ledgerFacts.ts';
import type { SimulatedRow } from './simulatedTable.ts';

export interface OracleAsked {
  readonly project: string;
  readonly priceBook: string;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  /** Of the log what was decided by then, microseconds. */
  readonly decidedBy: bigint;
}

const PICOS_PER_CENT = 10_000_000_000n;

/**
 * What a project has spent, made as plainly as can be and without the ledger: each row's use at the price that
 * took effect last before its window, less the credits.
 * @returns 1e-12 of the book's currency
 */
export function spentPicos(
  rows: readonly SimulatedRow[],
  facts: LedgerFacts,
  { project, priceBook, windowStart, windowEnd, decidedBy }: OracleAsked,
): bigint {
  const prices = facts.book(priceBook, decidedBy)?.prices ?? [];
  let picos = 0n;
  for (const row of rows) {
    if (row.project !== project) continue;
    if (row.windowStart < windowStart || row.windowStart >= windowEnd) continue;
    let inEffect: (typeof prices)[number] | null = null;
    for (const price of prices) {
      if (price.application !== row.application || price.resource !== row.resource) continue;
      if (price.effectiveFrom > row.windowStart) continue;
      if (inEffect === null || price.effectiveFrom > inEffect.effectiveFrom) inEffect = price;
    }
    if (inEffect === null) continue;
    const cents = BigInt(Math.round(Number(inEffect.amount) * 100));
    picos += (row.used * cents * PICOS_PER_CENT) / inEffect.perUnits;
  }
  const [organization = ''] = project.split('/');
  for (const credit of facts.credits(organization, priceBook)) {
    const isGranted = credit.granted.at <= decidedBy && credit.at <= decidedBy;
    const isWithin = credit.at >= windowStart && credit.at < windowEnd;
    if (credit.project !== project || !isGranted || !isWithin) continue;
    picos -= BigInt(Math.round(Number(credit.amount) * 100)) * PICOS_PER_CENT;
  }
  return picos;
}
