import { inCodeUnits } from './chargeUse.ts';
import type { MeteredUse } from './chargeUse.ts';
import { organizationOf } from './monthTerms.ts';
import type { ClosedAt, KnownUsage, LateUse, UsageSource, UsesAsked } from './usageSource.ts';

/** Readings of everybody that are open at once: one a month of the windows that are asked for. */
const READINGS_MAX = 8;

/**
 * Usage organization by organization out of one reading of everybody's: it comes by project, and all projects of
 * an organization stand together, so that nothing is kept but the row ahead.
 */
export class OrganizationsUses implements UsageSource {
  readonly #source: UsageSource;
  /** By the edges that were asked for. */
  readonly #readings = new Map<string, Reading>();

  constructor(source: UsageSource) {
    this.#source = source;
  }

  async *uses(asked: UsesAsked): AsyncGenerator<MeteredUse> {
    const reading = this.#readingOf(asked);
    if (reading === null || asked.payers.kind !== 'organization') {
      yield* this.#source.uses(asked);
      return;
    }
    yield* reading.of(asked.payers.organization);
  }

  lateUses(asked: UsesAsked, closings: readonly ClosedAt[]): AsyncGenerator<LateUse> {
    return this.#source.lateUses(asked, closings);
  }

  latePayers(
    asked: { readonly from: bigint; readonly to: bigint; readonly known: KnownUsage },
    closing: ClosedAt,
  ): Promise<ReadonlySet<string | null>> {
    return this.#source.latePayers(asked, closing);
  }

  async close(): Promise<void> {
    for (const reading of this.#readings.values()) await reading.close();
    this.#readings.clear();
  }

  /** null: it is not what everybody is asked for, or its turn is over. */
  #readingOf({ payers, edges, known }: UsesAsked): Reading | null {
    if (payers.kind !== 'organization') return null;
    // What a closing knew is an organization's own.
    if (known.positions !== null || known.loggedBefore !== null) return null;
    const key = edges.join(' ');
    const open = this.#readings.get(key);
    if (open !== undefined) return open.isBefore(payers.organization) ? open : null;
    if (this.#readings.size >= READINGS_MAX) return null;
    const asked = { payers: { kind: 'everybody' }, edges, known } as const;
    const reading = new Reading(this.#source.uses(asked));
    this.#readings.set(key, reading);
    return reading;
  }
}

class Reading {
  readonly #rows: AsyncGenerator<MeteredUse>;
  #next: MeteredUse | null = null;
  #last = '';
  #hasEnded = false;

  constructor(rows: AsyncGenerator<MeteredUse>) {
    this.#rows = rows;
  }

  /** Names sort with the slash behind them: `acme-b/x` comes before `acme/x`. */
  isBefore(organization: string): boolean {
    return this.#last === '' || inCodeUnits(this.#last, `${organization}/`) < 0;
  }

  async *of(organization: string): AsyncGenerator<MeteredUse> {
    this.#last = `${organization}/`;
    for (;;) {
      const row = await this.#peek();
      if (row === null) return;
      const found = organizationOf(row.project);
      if (found !== null && inCodeUnits(`${found}/`, this.#last) > 0) return;
      this.#next = null;
      if (found === organization) yield row;
    }
  }

  async close(): Promise<void> {
    await this.#rows.return(undefined);
  }

  async #peek(): Promise<MeteredUse | null> {
    if (this.#next === null && !this.#hasEnded) {
      const result = await this.#rows.next();
      if (result.done === true) this.#hasEnded = true;
      else this.#next = result.value;
    }
    return this.#next;
  }
}
