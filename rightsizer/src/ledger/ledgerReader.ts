import type { TableVersion } from '../table/tableVersion.ts';
import type { ChargeLine } from './chargeLine.ts';
import { Ledger, totalsOf } from './ledger.ts';
import type { LedgerAsked, LedgerGround, LedgerTotals } from './ledger.ts';
import { LookedAtFiles, TableUses } from './tableUses.ts';
import type { KnownUsage } from './usageSource.ts';

/** The question, where what is left out means: all that is known now. */
export type LedgerQuestion = Omit<LedgerAsked, 'usage' | 'decidedBy'> &
  Partial<Pick<LedgerAsked, 'usage' | 'decidedBy'>>;

const everything: KnownUsage = { positions: null, loggedBefore: null };

/** The ledger over versions of the usage table. */
export class LedgerReader {
  readonly #ledger: Ledger;
  readonly #looked = new LookedAtFiles();

  constructor(ground: LedgerGround) {
    this.#ledger = new Ledger(ground);
  }

  /** See `Ledger.lines`. */
  lines(version: TableVersion, question: LedgerQuestion): AsyncGenerator<ChargeLine> {
    const source = new TableUses(version, this.#looked);
    return this.#ledger.lines(source, { usage: everything, decidedBy: null, ...question });
  }

  /** What the lines of the window come to: beside sums of the table's rows it shows that none is lost. */
  totals(version: TableVersion, question: LedgerQuestion): Promise<LedgerTotals> {
    return totalsOf(this.lines(version, question));
  }
}
