import type { Cell } from './rollupIndex.ts';
import { DAY_MICROS, HOUR_MICROS, MINUTE_MICROS } from './rollupSql.ts';

/**
 * Time is rolled up in cells: short ones where hosts still report, since whatever is touched is made
 * anew from its rows, and then an hour's and a day's put together from them.
 */
export const CELL_MICROS = 5n * MINUTE_MICROS;
/** How long after its end the cells of an hour, or a day, are put together: late rows come mostly sooner. */
const SETTLE_MICROS = 15n * MINUTE_MICROS;

export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

const spanAt = (at: bigint, length: bigint): Span => {
  const from = (at / length) * length;
  return { from, to: from + length };
};

function isClosed({ to }: Span, now: bigint): boolean {
  return to + SETTLE_MICROS <= now;
}

/**
 * Which cells must be made anew from their rows when these stretches of CELL_MICROS were touched: by
 * time, apart from each other, each holding whole every present cell that it meets.
 * @param touched numbers of stretches since the epoch
 */
export function cellsToMake(
  touched: readonly bigint[],
  present: readonly Span[],
  now: bigint,
): Span[] {
  const made: Span[] = [];
  for (const number of [...touched].sort((left, right) => (left < right ? -1 : 1))) {
    const at = number * CELL_MICROS;
    const last = made.at(-1);
    if (last !== undefined && at < last.to) continue;
    made.push(present.find(({ from, to }) => from <= at && at < to) ?? newCell(at, now));
  }
  return made;
}

/** The longest that is over: it takes in what is there of it already. */
function newCell(at: bigint, now: bigint): Span {
  const day = spanAt(at, DAY_MICROS);
  if (isClosed(day, now)) return day;
  const hour = spanAt(at, HOUR_MICROS);
  return isClosed(hour, now) ? hour : spanAt(at, CELL_MICROS);
}

/** Cells that lie in one hour, or one day, that is over, to be put together; null: none are left. */
export function nextToMerge(
  cells: readonly Cell[],
  now: bigint,
): { readonly whole: Span; readonly parts: readonly Cell[] } | null {
  for (const length of [DAY_MICROS, HOUR_MICROS]) {
    for (const { from, to } of cells) {
      const whole = spanAt(from, length);
      if (to - from >= length || !isClosed(whole, now)) continue;
      return {
        whole,
        parts: cells.filter((cell) => cell.from >= whole.from && cell.to <= whole.to),
      };
    }
  }
  return null;
}
