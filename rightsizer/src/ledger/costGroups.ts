import { decimalOf, picosOf } from '@prorata/quota-model';
import { dateAt } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';

/** What costs can be grouped by: any of them together. */
export const costGroupings = [
  'project',
  'category',
  'application',
  'resource',
  'quota',
  'name',
  'day',
  'month',
  'correction',
] as const;
export type CostGrouping = (typeof costGroupings)[number];

export interface CostGroup {
  /** In the order that was asked for. `day` is what is charged for, `month` when it is billed: dates of the book's time zone. */
  readonly of: Readonly<Partial<Record<CostGrouping, string | boolean | null>>>;
  readonly lines: number;
  /** Base units; null: the group is of several resources, or of none. */
  readonly used: bigint | null;
  readonly charged: bigint | null;
  /** An exact decimal, of lines with a price. */
  readonly cost: string;
  /** How many lines have no price. */
  readonly unpriced: number;
}

interface Sum {
  readonly of: CostGroup['of'];
  lines: number;
  used: bigint;
  charged: bigint;
  picos: bigint;
  unpriced: number;
}

/** There are more groups than one answer holds. */
export class TooManyGroups extends Error {
  override readonly name = 'TooManyGroups';
}

/**
 * Sums of lines by what they have in common, sorted. Lines of one group add up exactly, and groups to the whole.
 * @throws TooManyGroups
 */
export async function costGroups(
  lines: AsyncIterable<ChargeLine>,
  by: readonly CostGrouping[],
  timeZone: string,
  most: number,
): Promise<CostGroup[]> {
  const sums = new Map<string, Sum>();
  for await (const line of lines) {
    const of = Object.fromEntries(by.map((name) => [name, valueOf(line, name, timeZone)]));
    const key = JSON.stringify(Object.values(of));
    let sum = sums.get(key);
    if (sum === undefined) {
      if (sums.size >= most) throw new TooManyGroups(`There are more than ${most} groups.`);
      sum = { of, lines: 0, used: 0n, charged: 0n, picos: 0n, unpriced: 0 };
      sums.set(key, sum);
    }
    sum.lines += 1;
    sum.used += line.used;
    sum.charged += line.charged;
    if (line.cost === null) sum.unpriced += 1;
    else sum.picos += picosOf(line.cost);
  }
  const isOfOne = by.includes('resource');
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { of, lines: count, used, charged, picos, unpriced }]) => ({
      of,
      lines: count,
      used: isOfOne ? used : null,
      charged: isOfOne ? charged : null,
      cost: decimalOf(picos),
      unpriced,
    }));
}

function valueOf(line: ChargeLine, name: CostGrouping, timeZone: string): string | boolean | null {
  switch (name) {
    case 'quota':
      return line.quotaId;
    case 'day':
      return dateAt(timeZone, line.charge.start);
    case 'month':
      return dateAt(timeZone, line.billing.start).slice(0, 7);
    default:
      return line[name];
  }
}
