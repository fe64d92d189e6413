import type { Rollups } from '../rollups/rollups.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { BookTerms } from './bookTerms.ts';
import type { ChargeLine } from './chargeLine.ts';
import { FirstUses } from './firstUses.ts';
import { Ledger, totalsOf } from './ledger.ts';
import type { LedgerAsked, LedgerGround, LedgerTotals } from './ledger.ts';
import { RolledUses } from './rolledUses.ts';
import { LookedAtFiles, TableUses } from './tableUses.ts';
import type { KnownUsage } from './usageSource.ts';

/** The question, where what is left out means: all that is known now. */
export type LedgerQuestion = Omit<LedgerAsked, 'usage' | 'decidedBy'> &
  Partial<Pick<LedgerAsked, 'usage' | 'decidedBy'>>;

const everything: KnownUsage = { positions: null, loggedBefore: null };

/** The ledger over versions of the usage table. */
export class LedgerReader {
  readonly #ground: LedgerGround;
  readonly #ledger: Ledger;
  readonly #rollups: Pick<Rollups, 'paid'> | null;
  readonly #looked = new LookedAtFiles();
  readonly #firstUses = new FirstUses();

  /** @param rollups null: all is summed from the table's rows, with the same answers */
  constructor(ground: LedgerGround, rollups: Pick<Rollups, 'paid'> | null = null) {
    this.#ground = ground;
    this.#rollups = rollups;
    this.#ledger = new Ledger(ground);
  }

  /** See `LedgerFacts.book`. */
  book(priceBook: string, decidedBy: bigint | null): BookTerms | null {
    return this.#ground.book(priceBook, decidedBy);
  }

  /** See `LedgerFacts.booksOf`; every book for what nobody pays for. */
  booksOf(organization: string | null): readonly string[] {
    return this.#ground.booksOf(organization);
  }

  /** See `Ledger.lines`. */
  lines(version: TableVersion, question: LedgerQuestion): AsyncGenerator<ChargeLine> {
    const source =
      this.#rollups === null
        ? new TableUses(version, this.#looked)
        : new RolledUses(version, this.#looked, this.#rollups);
    return this.#ledger.lines(source, { usage: everything, decidedBy: null, ...question });
  }

  /** When the organization's first usage window begins, microseconds; null: it has used nothing. */
  firstUse(version: TableVersion, organization: string): Promise<bigint | null> {
    return this.#firstUses.of(version, organization);
  }

  /** What the lines of the window come to: beside sums of the table's rows it shows that none is lost. */
  totals(version: TableVersion, question: LedgerQuestion): Promise<LedgerTotals> {
    return totalsOf(this.lines(version, question));
  }
}
