import type { LedgerFacts } from '../ledger/ledgerFacts.ts';
import type { UsageSource } from '../ledger/usageSource.ts';
import { MemoryUses, SOURCE } from '../ledger/testing/memoryUses.ts';
import type { MemoryRow } from '../ledger/testing/memoryUses.ts';
import type { Payers } from '../table/payers.ts';
import type { UsageReader, UsageSnapshot } from '../table/usageReader.ts';
import { TableFreshness } from '../tableFreshness.ts';
import type { SpendLedger } from '../throttle/budgetSpends.ts';
import { simulatedSpendLedger } from './simulatedSpendLedger.ts';

/** What a host saw of one quota in one window. */
export interface SimulatedUse extends Omit<MemoryRow, 'loggedAt' | 'partition' | 'offset'> {
  readonly windowEnd: bigint;
  readonly refused: bigint;
}

export interface SimulatedRow extends SimulatedUse, MemoryRow {}

/** A version of the table: how many of the topic's rows it has. */
interface Version {
  readonly rows: number;
  readonly at: bigint;
}

/** One place holds all: order across partitions is none of the loops' business. */
const PLACE = `${SOURCE}/0`;
/** What a table says that does not answer. */
export const TABLE_AWAY = 'STORAGE_UNAVAILABLE';

/**
 * The usage topic and the table made of it, in virtual time. Rows come into the topic when hosts send them,
 * which may be long after their windows, and into the table when the sink is at work.
 */
export class SimulatedTable {
  /** The topic, in the order of its offsets. */
  readonly rows: SimulatedRow[] = [];
  /** By version, from 1 on. */
  readonly versions: Version[] = [];
  /** The table's storage does not answer. */
  isAway = false;
  readonly #underWay: { readonly use: SimulatedUse; readonly at: bigint }[] = [];
  readonly #byPayer = new Map<string | null, SimulatedRow[]>();
  readonly #newest = new Map<string, bigint>();
  #counted = 0;

  get version(): number {
    return this.versions.length;
  }

  /** @param at when the topic will have it, microseconds */
  send(use: SimulatedUse, at: bigint): void {
    this.#underWay.push({ use, at });
  }

  /** Takes into the topic what has been sent by now. */
  receive(now: bigint): void {
    for (let at = 0; at < this.#underWay.length;) {
      const sent = this.#underWay[at];
      if (sent === undefined || sent.at > now) {
        at += 1;
        continue;
      }
      this.#underWay.splice(at, 1);
      const place = { loggedAt: now, partition: 0, offset: BigInt(this.rows.length) };
      const row = { ...sent.use, ...place };
      this.rows.push(row);
      const paid = this.#byPayer.get(row.project);
      if (paid === undefined) this.#byPayer.set(row.project, [row]);
      else paid.push(row);
    }
  }

  /** The sink commits all that the topic has. */
  commit(now: bigint): void {
    if (this.rows.length > (this.versions.at(-1)?.rows ?? 0)) {
      this.versions.push({ rows: this.rows.length, at: now });
    }
  }

  /** What of the topic a version has; one that is not there yet has nothing. */
  rowsOf(version: number): readonly SimulatedRow[] {
    return this.rows.slice(0, this.versions[version - 1]?.rows ?? 0);
  }

  /** @param asOf gives what was newest then, microseconds */
  reader(asOf: (() => bigint) | null = null): UsageReader {
    const newest = (): Promise<UsageSnapshot | null> => {
      if (this.isAway) return Promise.reject(new Error(TABLE_AWAY));
      const then = asOf?.();
      const version =
        then === undefined ? this.version : this.versions.filter(({ at }) => at <= then).length;
      return Promise.resolve(version === 0 ? null : this.#snapshot(version));
    };
    return { newest } as unknown as UsageReader;
  }

  freshness(): TableFreshness {
    const log = { log: { endOffset: () => Promise.resolve(BigInt(this.rows.length)) } };
    return new TableFreshness(
      log as unknown as ConstructorParameters<typeof TableFreshness>[0],
      SOURCE,
      1,
    );
  }

  /** The real ledger over the rows of a version. */
  ledger(facts: LedgerFacts): SpendLedger {
    return simulatedSpendLedger(facts, ({ positions }) =>
      this.#usesBefore(positions.get(PLACE) ?? 0n),
    );
  }

  #usesBefore(end: bigint): UsageSource {
    const rowsOf = (payers: Payers): readonly SimulatedRow[] =>
      payers.kind === 'projects'
        ? payers.projects.flatMap((project) => this.#byPayer.get(project) ?? [])
        : this.rows;
    const known = new MemoryUses([]);
    return {
      uses: (asked) => {
        const [from, to] = [asked.edges[0] ?? 0n, asked.edges.at(-1) ?? 0n];
        const rows = rowsOf(asked.payers).filter(
          ({ offset, windowStart }) => offset < end && windowStart >= from && windowStart < to,
        );
        return new MemoryUses(rows).uses(asked);
      },
      // Nothing is closed here, so nothing is late.
      lateUses: (asked, closings) => known.lateUses(asked, closings),
      latePayers: (asked, closing) => known.latePayers(asked, closing),
    };
  }

  #snapshot(version: number): UsageSnapshot {
    const { rows } = this.versions[version - 1] ?? { rows: 0 };
    const newestUsage = (since: bigint): Promise<ReadonlyMap<string, bigint>> => {
      for (; this.#counted < rows; this.#counted += 1) this.#count(this.rows[this.#counted]);
      return Promise.resolve(new Map([...this.#newest].filter(([, end]) => end >= since)));
    };
    const positions = new Map([[PLACE, BigInt(rows)]]);
    return {
      version,
      snapshotId: BigInt(version),
      positions,
      newestUsage,
    } as unknown as UsageSnapshot;
  }

  #count(row: SimulatedRow | undefined): void {
    if (row === undefined) return;
    const known = this.#newest.get(row.application) ?? 0n;
    if (row.windowEnd > known) this.#newest.set(row.application, row.windowEnd);
  }
}
