import type { Rollups } from '../rollups/rollups.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { BookTerms } from './bookTerms.ts';
import type { ChargeLine } from './chargeLine.ts';
import { FirstUses } from './firstUses.ts';
import { Ledger, totalsOf } from './ledger.ts';
import type { LedgerGround, LedgerQuestion, LedgerTotals } from './ledger.ts';
import { RolledUses } from './rolledUses.ts';
import { SharedLedger } from './sharedLedger.ts';
import { LookedAtFiles, TableUses } from './tableUses.ts';
import type { KnownUsage, UsageSource } from './usageSource.ts';

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
    return this.#linesFrom(this.#source(version), question);
  }

  /** The same lines for many organizations at one look: their usage is read once for all. */
  sharing(version: TableVersion): SharedLedger {
    const lines = (source: UsageSource, question: LedgerQuestion): AsyncGenerator<ChargeLine> =>
      this.#linesFrom(source, question);
    return new SharedLedger(this.#source(version), lines);
  }

  /** When the organization's last period that was closed ends, microseconds; null: none was. */
  closedUntil(organization: string, priceBook: string): bigint | null {
    const closings = this.#ground.closings(organization, priceBook);
    return closings.reduce<bigint | null>(
      (last, { end }) => (last === null || end > last ? end : last),
      null,
    );
  }

  /** When the organization's first usage window begins, microseconds; null: it has used nothing. */
  firstUse(version: TableVersion, organization: string): Promise<bigint | null> {
    return this.#firstUses.of(version, organization);
  }

  /** What the lines of the window come to: beside sums of the table's rows it shows that none is lost. */
  totals(version: TableVersion, question: LedgerQuestion): Promise<LedgerTotals> {
    return totalsOf(this.lines(version, question));
  }

  #source(version: TableVersion): UsageSource {
    return this.#rollups === null
      ? new TableUses(version, this.#looked)
      : new RolledUses(version, this.#looked, this.#rollups);
  }

  #linesFrom(source: UsageSource, question: LedgerQuestion): AsyncGenerator<ChargeLine> {
    return this.#ledger.lines(source, { usage: everything, decidedBy: null, ...question });
  }
}
