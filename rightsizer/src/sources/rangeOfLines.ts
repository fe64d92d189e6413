import type { QuarantineRow } from '../table/rows.ts';
import type { ImportClaim, ImportedUsage } from './importTable.ts';
import type { JudgedLine } from './judgeLine.ts';

/** Rows of one commit: some 50 MB of memory, and a file worth opening. */
export const ROWS_OF_A_RANGE = 100_000;
/** What is kept of lines that do not count is at most 4 KB each. */
const QUARANTINE_OF_A_RANGE = 5_000;

/** Lines gathered for one commit; where it ends follows from the lines alone, so a resumed import cuts alike. */
export class RangeOfLines {
  readonly #claim: ImportClaim;
  readonly #rowsMax: number;
  readonly #importedAt: bigint;
  #from: bigint;
  #next: bigint;
  #records = 0;
  #rows = 0;
  #usage: ImportedUsage[] = [];
  #quarantine: QuarantineRow[] = [];

  constructor(claim: ImportClaim, rowsMax: number, importedAt: bigint) {
    this.#importedAt = importedAt;
    this.#claim = claim;
    this.#rowsMax = rowsMax;
    this.#from = claim.next;
    this.#next = claim.next;
  }

  async add(position: bigint, judged: JudgedLine): Promise<void> {
    if (judged.kind === 'usage') {
      for (const usage of judged.usages) {
        this.#usage.push({ position, usage });
        this.#rows += usage.resources.length;
      }
    } else if (judged.kind === 'quarantine') this.#quarantine.push(judged.row);
    if (judged.kind !== 'passed') this.#records += 1;
    this.#next = position + 1n;
    const isFull = this.#rows >= this.#rowsMax || this.#quarantine.length >= QUARANTINE_OF_A_RANGE;
    if (isFull) await this.#commit();
  }

  /** @param ended behind the last line */
  async end(ended: bigint): Promise<void> {
    this.#next = ended;
    if (this.#next > this.#from) await this.#commit();
  }

  async #commit(): Promise<void> {
    await this.#claim.commit({
      from: this.#from,
      to: this.#next,
      records: this.#records,
      usage: this.#usage,
      importedAt: this.#importedAt,
      quarantine: this.#quarantine,
    });
    this.#from = this.#next;
    this.#records = 0;
    this.#rows = 0;
    this.#usage = [];
    this.#quarantine = [];
  }
}
