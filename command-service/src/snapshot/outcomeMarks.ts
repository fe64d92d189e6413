import { RECENT_MICROS } from '../writer/recentCommands.ts';

/** How finely the outcomes of the last day are marked, microseconds: what a restore reads too much at most. */
const SPACING_MICROS = 10n * 60n * 1_000_000n;

/** All outcomes before `offset` were decided before `at`. */
export interface OutcomeMark {
  readonly at: bigint;
  readonly offset: bigint;
}

/** Adds a mark unless the last is close, and drops those that a newer one makes useless. */
export function withMark(marks: readonly OutcomeMark[], mark: OutcomeMark): OutcomeMark[] {
  const last = marks.at(-1);
  const all =
    last !== undefined && mark.at - last.at < SPACING_MICROS ? [...marks] : [...marks, mark];
  const needed = all.findLastIndex((each) => mark.at - each.at >= RECENT_MICROS);
  return all.slice(Math.max(0, needed));
}

/**
 * Where to begin so that no outcome of the last 24 hours is missed; null: at the oldest there is. Of a
 * partition that was quiet since its last mark these are the hours before that mark: a clock that is ahead must
 * not pass over them.
 */
export function outcomesFrom(marks: readonly OutcomeMark[], now: bigint): bigint | null {
  const last = marks.at(-1)?.at ?? now;
  const at = last < now ? last : now;
  return marks.findLast((mark) => at - mark.at >= RECENT_MICROS)?.offset ?? null;
}

export function marksToBytes(marks: readonly OutcomeMark[]): Buffer {
  return Buffer.from(JSON.stringify(marks.map(({ at, offset }) => [`${at}`, `${offset}`])));
}

/** @throws Error when the bytes are no marks. */
export function marksFromBytes(bytes: Buffer): OutcomeMark[] {
  return (JSON.parse(bytes.toString()) as [string, string][]).map(([at, offset]) => ({
    at: BigInt(at),
    offset: BigInt(offset),
  }));
}
