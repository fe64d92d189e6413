import { isPaidBy } from '../../table/payers.ts';
import type { Positions } from '../../table/tableVersion.ts';
import { inCodeUnits } from '../chargeUse.ts';
import type { MeteredUse } from '../chargeUse.ts';
import type { ClosedAt, KnownUsage, LateUse, UsageSource, UsesAsked } from '../usageSource.ts';

/** A row of the table, as far as the ledger looks at it. */
export interface MemoryRow extends Omit<MeteredUse, 'start'> {
  readonly windowStart: bigint;
  readonly loggedAt: bigint;
  readonly partition: number;
  readonly offset: bigint;
}

export const SOURCE = 'usage.events';
const FOUND_MICROS = 900_000_000n;

/** The table in memory, summed up row by row. */
export class MemoryUses implements UsageSource {
  readonly #rows: readonly MemoryRow[];

  constructor(rows: readonly MemoryRow[]) {
    this.#rows = rows;
  }

  async *uses(asked: UsesAsked): AsyncGenerator<MeteredUse> {
    await Promise.resolve();
    for (const { found, ...use } of this.#summed(asked, () => null)) {
      if (found === null) yield use;
    }
  }

  async *lateUses(asked: UsesAsked, closings: readonly ClosedAt[]): AsyncGenerator<LateUse> {
    await Promise.resolve();
    yield* this.#summed(asked, (row) => {
      if (closings[0] && isWithin(row, closings[0].positions)) return null;
      const unaware = closings.findLast(({ positions }) => !isWithin(row, positions));
      const logged = (row.loggedAt / FOUND_MICROS) * FOUND_MICROS;
      return unaware !== undefined && unaware.closedAt > logged ? unaware.closedAt : logged;
    });
  }

  latePayers(
    { from, to, known }: { from: bigint; to: bigint; known: KnownUsage },
    { positions }: ClosedAt,
  ): Promise<ReadonlySet<string | null>> {
    const late = this.#rows.filter(
      (row) =>
        row.windowStart >= from &&
        row.windowStart < to &&
        isKnown(row, known) &&
        !isWithin(row, positions),
    );
    return Promise.resolve(new Set(late.map(({ project }) => project)));
  }

  #summed(
    { payers, edges, known }: UsesAsked,
    foundOf: (row: MemoryRow) => bigint | null,
  ): LateUse[] {
    const sums = new Map<string, LateUse>();
    for (const row of this.#rows) {
      const start = edges.findLast((edge) => edge <= row.windowStart);
      if (start === undefined || row.windowStart >= (edges.at(-1) ?? 0n)) continue;
      if (!isKnown(row, known) || !isPaidBy(payers, row.project) || row.used === 0n) continue;
      const { project, application, resource, quotaId } = row;
      const found = foundOf(row);
      const key = [project ?? '', start, application, resource, quotaId, found ?? ''].join(' ');
      const used = (sums.get(key)?.used ?? 0n) + row.used;
      sums.set(key, { project, application, resource, quotaId, start, used, found });
    }
    return [...sums.values()].sort(
      (a, b) =>
        inCodeUnits(a.project ?? '', b.project ?? '') ||
        Number(a.start - b.start) ||
        inCodeUnits(a.application, b.application) ||
        inCodeUnits(a.resource, b.resource) ||
        inCodeUnits(a.quotaId, b.quotaId) ||
        lastIfNull(a.found, b.found),
    );
  }
}

function isWithin({ partition, offset }: MemoryRow, positions: Positions): boolean {
  return offset < (positions.get(`${SOURCE}/${partition}`) ?? 0n);
}

function isKnown(row: MemoryRow, { positions, loggedBefore }: KnownUsage): boolean {
  if (positions !== null && !isWithin(row, positions)) return false;
  return loggedBefore === null || row.loggedAt < loggedBefore;
}

function lastIfNull(a: bigint | null, b: bigint | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return Number(a - b);
}
