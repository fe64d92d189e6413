import type { ResourceUsage } from '@prorata/schemas';
import type { JudgedLine } from './judgeLine.ts';
import { SourceFault } from './sourceFault.ts';

/** Rows that one import may bring: more are brought in parts. */
const ROWS_MAX = 100_000_000;
/** Lines that cannot be counted; so many are no slips of a source but a mapping that is wrong. */
const REJECTED_MAX = 100_000;
/** Quotas and resources whose sums are kept apart; what more there is, is summed up in the table alone. */
const SUMS_MAX = 10_000;

export interface SumOfQuota {
  readonly quotaId: string;
  readonly resource: string;
  readonly used: bigint;
  readonly refused: bigint;
  readonly rows: number;
}

export interface Rejected {
  readonly reason: string;
  readonly lines: number;
  /** The first of them. */
  readonly line: bigint;
  readonly detail: string;
}

/** What an import brings, summed up. */
export class ImportSummary {
  lines = 0n;
  /** Lines with usage. */
  counted = 0;
  /** With nothing to count. */
  passed = 0;
  rejectedLines = 0;
  rows = 0;
  /** Microseconds; null while there are no rows. */
  windowStart: bigint | null = null;
  windowEnd: bigint | null = null;
  readonly #sums = new Map<string, SumOfQuota>();
  readonly #rejected = new Map<string, Rejected>();
  /** Whether quotas came for which there was no room. */
  sumsAreCut = false;

  /** @throws SourceFault FILE_TOO_LARGE | REJECTED_TOO_MANY */
  add(position: bigint, judged: JudgedLine): void {
    this.lines = position;
    switch (judged.kind) {
      case 'passed':
        this.passed += 1;
        return;
      case 'quarantine':
        this.#reject(judged);
        return;
      case 'usage':
        this.#count(judged);
    }
  }

  get sums(): readonly SumOfQuota[] {
    return [...this.#sums.values()].sort((left, right) =>
      `${left.quotaId} ${left.resource}` < `${right.quotaId} ${right.resource}` ? -1 : 1,
    );
  }

  /** The most frequent first. */
  get rejected(): readonly Rejected[] {
    return [...this.#rejected.values()].sort((left, right) => right.lines - left.lines);
  }

  #count({ usages }: Extract<JudgedLine, { kind: 'usage' }>): void {
    this.counted += 1;
    for (const { quotaId, windowStart, windowEnd, resources } of usages) {
      this.rows += resources.length;
      if (this.windowStart === null || windowStart < this.windowStart) {
        this.windowStart = windowStart;
      }
      if (this.windowEnd === null || windowEnd > this.windowEnd) this.windowEnd = windowEnd;
      for (const each of resources) this.#sum(quotaId, each);
    }
    if (this.rows > ROWS_MAX) {
      throw new SourceFault('FILE_TOO_LARGE', `it makes more than ${ROWS_MAX} rows: cut it`);
    }
  }

  #sum(quotaId: string, { resource, used, refused }: ResourceUsage): void {
    const key = `${quotaId}\n${resource}`;
    const sum = this.#sums.get(key);
    if (sum === undefined && this.#sums.size === SUMS_MAX) {
      this.sumsAreCut = true;
      return;
    }
    this.#sums.set(key, {
      quotaId,
      resource,
      used: (sum?.used ?? 0n) + used,
      refused: (sum?.refused ?? 0n) + refused,
      rows: (sum?.rows ?? 0) + 1,
    });
  }

  #reject({ reason, row }: Extract<JudgedLine, { kind: 'quarantine' }>): void {
    this.rejectedLines += 1;
    if (this.rejectedLines > REJECTED_MAX) {
      throw new SourceFault(
        'REJECTED_TOO_MANY',
        `more than ${REJECTED_MAX} lines cannot be counted, the first of them line ` +
          `${this.rejected[0]?.line ?? 0n}: ${this.rejected[0]?.detail ?? ''}`,
      );
    }
    const before = this.#rejected.get(reason);
    this.#rejected.set(reason, {
      reason,
      lines: (before?.lines ?? 0) + 1,
      line: before?.line ?? row.offset,
      detail: before?.detail ?? row.detail,
    });
  }
}
