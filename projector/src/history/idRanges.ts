import { byCodeUnit } from '@prorata/quota-model';
import type { Reach } from '@prorata/service-runtime';

/**
 * Ids from one on to before another, by bytes, as the tables order them. What an id can hold comes after a space
 * and before `~`, so that `a ` is right after `a` and before all else that begins with it.
 */
export interface IdRange {
  readonly from: string;
  readonly before: string;
}

export const everyId: readonly IdRange[] = [{ from: '', before: '~' }];

/** A quota, or an application, and all below it: siblings like `a-b` lie between the two. */
export function rangesOfTree(top: string): readonly IdRange[] {
  return [...rangesOfOne(top), { from: `${top}/`, before: `${top}0` }];
}

export function rangesOfOne(quotaId: string): readonly IdRange[] {
  return [{ from: quotaId, before: `${quotaId} ` }];
}

export function rangesAfter(quotaId: string): readonly IdRange[] {
  return [{ from: `${quotaId} `, before: '~' }];
}

export function rangesInReach(reach: Reach): readonly IdRange[] {
  return reach === 'everywhere' ? everyId : joined(reach.flatMap(rangesOfTree));
}

/** What lies in one of each list; no list: everything. */
export function rangesInAll(...lists: readonly (readonly IdRange[])[]): readonly IdRange[] {
  return lists.reduce((some, others) => joined(some.flatMap((one) => cut(one, others))), everyId);
}

function cut(one: IdRange, others: readonly IdRange[]): readonly IdRange[] {
  return others
    .map((other) => ({
      from: one.from > other.from ? one.from : other.from,
      before: one.before < other.before ? one.before : other.before,
    }))
    .filter(({ from, before }) => from < before);
}

/** In order, none in another. */
function joined(ranges: readonly IdRange[]): readonly IdRange[] {
  const sorted = [...ranges].sort((a, b) => byCodeUnit(a.from, b.from));
  const result: { from: string; before: string }[] = [];
  for (const { from, before } of sorted) {
    const last = result.at(-1);
    if (last === undefined || from > last.before) result.push({ from, before });
    else if (before > last.before) last.before = before;
  }
  return result;
}
