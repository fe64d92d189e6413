import type { Payers } from '../table/payers.ts';
import type { ChargeLine } from './chargeLine.ts';
import type { LedgerQuestion } from './ledger.ts';
import { organizationOf } from './monthTerms.ts';
import { OrganizationsUses } from './organizationsUses.ts';
import type { UsageSource } from './usageSource.ts';

const everything = { positions: null, loggedBefore: null };

/** Lines of many organizations by one version of the table, whose usage is read once for all of them. */
export class SharedLedger {
  readonly #source: UsageSource;
  readonly #shared: OrganizationsUses;
  readonly #lines: (source: UsageSource, question: LedgerQuestion) => AsyncGenerator<ChargeLine>;

  /** @param lines of a question, by a source */
  constructor(
    source: UsageSource,
    lines: (source: UsageSource, question: LedgerQuestion) => AsyncGenerator<ChargeLine>,
  ) {
    this.#source = source;
    this.#shared = new OrganizationsUses(source);
    this.#lines = lines;
  }

  /**
   * See `Ledger.lines`. Organizations that are asked for one after another in the order of their names, with the
   * same window and cuts, share one reading; whoever comes out of turn is read alone.
   */
  lines(question: LedgerQuestion): AsyncGenerator<ChargeLine> {
    return this.#lines(this.#shared, question);
  }

  /** As `lines`, for one alone: nobody else's usage is read. */
  linesOfOne(question: LedgerQuestion): AsyncGenerator<ChargeLine> {
    return this.#lines(this.#source, question);
  }

  /**
   * What the table has between the edges, by organization: units of all resources together, an interval each. It says
   * nothing of money, and is read apart from the lines: what they leave out or count twice shows.
   */
  async used(
    edges: readonly bigint[],
    payers: Payers = { kind: 'everybody' },
  ): Promise<ReadonlyMap<string, readonly bigint[]>> {
    const sums = new Map<string, bigint[]>();
    const at = new Map(edges.map((edge, index) => [edge, index]));
    const asked = { payers, edges, known: everything };
    for await (const { project, start, used } of this.#source.uses(asked)) {
      const organization = organizationOf(project);
      if (organization === null) continue;
      const list = sums.get(organization) ?? edges.slice(1).map(() => 0n);
      sums.set(organization, list);
      const index = at.get(start) ?? 0;
      list[index] = (list[index] ?? 0n) + used;
    }
    return sums;
  }

  /** Ends the readings that are still open. */
  close(): Promise<void> {
    return this.#shared.close();
  }
}
