/**
 * Arithmetic of limits. Whole numbers only, rounded down: no step here may make a limit looser than
 * the ones it was made from. Floors alone are rounded up: they are promises of at least so much.
 */
import type { ResourceLimit } from '@prorata/schemas';
import { windowText } from './windowForm.ts';

/** Basis points of the whole. */
export const WHOLE_BASIS_POINTS = 10_000;

const WHOLE = BigInt(WHOLE_BASIS_POINTS);

/** How tight a bound is before its number counts: blocked, a number, no end. */
const rank = { blocked: 0, amount: 1, unlimited: 2 } as const;

/**
 * Compares the upper bounds of two limits of one resource: negative when `a` is tighter. Rates are
 * compared exactly by cross-multiplication, bursts do not count. Consumables are compared by amount:
 * that their windows are the same along a path is refused otherwise when they are set.
 */
export function compareBounds(a: ResourceLimit, b: ResourceLimit): number {
  if (a.bound !== 'amount' || b.bound !== 'amount') return rank[a.bound] - rank[b.bound];
  const left = a.amount * (b.perMicros ?? 1n);
  const right = b.amount * (a.perMicros ?? 1n);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function sameLimit(a: ResourceLimit | null, b: ResourceLimit | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.resource === b.resource &&
    a.kind === b.kind &&
    a.bound === b.bound &&
    a.amount === b.amount &&
    a.perMicros === b.perMicros &&
    a.burst === b.burst &&
    a.guaranteed === b.guaranteed &&
    a.window === b.window &&
    a.zone === b.zone
  );
}

/** How much may be taken at once; null: without end. Of a rate alone. */
export function burstOf(limit: ResourceLimit): bigint | null {
  if (limit.bound === 'unlimited') return null;
  return limit.bound === 'blocked' ? 0n : (limit.burst ?? limit.amount);
}

/** What is kept for the node; a blocked one keeps nothing. */
export function guaranteeOf(limit: ResourceLimit): bigint {
  return limit.bound === 'blocked' ? 0n : (limit.guaranteed ?? 0n);
}

/**
 * The limit under which both hold: the tighter bound, the smaller burst and the smaller guarantee.
 * When the bounds are equal the first stays.
 */
export function minLimit(a: ResourceLimit, b: ResourceLimit): ResourceLimit {
  const tighter = compareBounds(a, b) <= 0 ? a : b;
  if (tighter.bound === 'blocked') return blockedLike(tighter);
  if (tighter.kind === 'rate') return withBurstWithin(tighter, tighter === a ? b : a);
  if (tighter.kind === 'capacity') return withGuaranteeWithin(tighter, a, b);
  return tighter;
}

function withBurstWithin(limit: ResourceLimit, other: ResourceLimit): ResourceLimit {
  const own = burstOf(limit);
  const most = burstOf(other);
  if (own === null || most === null || own <= most) return limit;
  return { ...limit, burst: most };
}

function withGuaranteeWithin(
  limit: ResourceLimit,
  a: ResourceLimit,
  b: ResourceLimit,
): ResourceLimit {
  const smaller = guaranteeOf(a) <= guaranteeOf(b) ? a : b;
  const within =
    limit.bound === 'amount' && guaranteeOf(smaller) > limit.amount
      ? limit.amount
      : smaller.guaranteed;
  return within === limit.guaranteed ? limit : { ...limit, guaranteed: within };
}

function blockedLike(limit: ResourceLimit): ResourceLimit {
  return limit.guaranteed === null ? limit : { ...limit, guaranteed: null };
}

/**
 * A budget's cut of the upper bound: `max(guarantee, floor × bound, 1 unit, bound × (1 − cut))` in
 * whole numbers, the floor rounded up and the cut down; a rate's burst likewise, at least 1. Blocked
 * stays blocked. Unlimited has no number to cut and stays as it is.
 *
 * @param cutBasisPoints 0 to 10000, of the limit given here: cuts are never compounded.
 * @param floorBasisPoints 0 to 10000, what is left at least.
 */
export function cutLimit(
  limit: ResourceLimit,
  cutBasisPoints: number,
  floorBasisPoints: number,
): ResourceLimit {
  if (limit.bound !== 'amount') return limit;
  const left = (whole: bigint): bigint =>
    largest(
      (whole * BigInt(WHOLE_BASIS_POINTS - cutBasisPoints)) / WHOLE,
      (whole * BigInt(floorBasisPoints) + WHOLE - 1n) / WHOLE,
      1n,
    );
  const cut = largest(left(limit.amount), guaranteeOf(limit));
  const amount = cut < limit.amount ? cut : limit.amount;
  return limit.burst === null
    ? { ...limit, amount }
    : { ...limit, amount, burst: left(limit.burst) };
}

/** What a node takes from an ancestor whose limit it inherits: the ancestor's guarantee is not its own. */
export function inheritedLimit(limit: ResourceLimit): ResourceLimit {
  return limit.guaranteed === null ? limit : { ...limit, guaranteed: null };
}

function largest(...numbers: readonly [bigint, ...bigint[]]): bigint {
  return numbers.reduce((most, number) => (number > most ? number : most));
}

const unitsOf: Readonly<Record<ResourceLimit['kind'], string>> = {
  rate: '',
  concurrency: ' at once',
  capacity: '',
  consumable: '',
};

const times: readonly (readonly [name: string, micros: bigint])[] = [
  ['day', 86_400_000_000n],
  ['hour', 3_600_000_000n],
  ['minute', 60_000_000n],
  ['second', 1_000_000n],
  ['ms', 1_000n],
  ['µs', 1n],
];

/** `second`, `5 minutes`, `250 ms`: in the largest unit that leaves no rest. */
export function timeInWords(micros: bigint): string {
  const [name, size] = times.find(([, unit]) => micros % unit === 0n) ?? ['µs', 1n];
  const count = micros / size;
  if (count === 1n) return name;
  return `${count.toString()} ${name.endsWith('s') ? name : `${name}s`}`;
}

/** How old something is, in a refusal's words: `61 seconds`, `250 ms`; of more than a second no parts. */
export function ageInWords(micros: bigint): string {
  const told = micros < 1_000_000n ? micros : micros - (micros % 1_000_000n);
  const words = timeInWords(told);
  return /^\d/.test(words) ? words : `1 ${words}`;
}

/** A limit in a refusal's words: `100 per second`, `unlimited`, `blocked`. */
export function describeLimit(limit: ResourceLimit): string {
  if (limit.bound !== 'amount') return limit.bound;
  if (limit.perMicros !== null) {
    return `${limit.amount.toString()} per ${timeInWords(limit.perMicros)}`;
  }
  if (limit.window !== null) return `${limit.amount.toString()} per ${windowText(limit)}`;
  return `${limit.amount.toString()}${unitsOf[limit.kind]}`;
}
