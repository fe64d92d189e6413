import { createHash } from 'node:crypto';
import type { ResourceLimit } from '@prorata/schemas';
import type { ResizePolicy } from '../policy.ts';
import type { DemandBucket, ResizeHistory } from './history.ts';

/** Why a limit is left as it is. */
export type SkipReason =
  | 'NO_BOUNDS'
  | 'NO_LIMIT'
  | 'LIMIT_NOT_A_NUMBER'
  | 'KIND_NOT_RIGHTSIZED'
  | 'UNDER_HAIRCUT'
  | 'OVERRIDDEN'
  | 'PROPOSAL_OPEN'
  | 'DECLINED_RECENTLY'
  | 'USAGE_STALE'
  | 'BOUND_BY_ANCESTOR'
  | 'AT_BOUND'
  | 'OUTSIDE_BOUNDS'
  | 'TOO_LITTLE_DATA'
  | 'REFUSED_IN_EVIDENCE'
  | 'DWELLING'
  | 'NO_AGREEMENT'
  | 'WITHIN_DEADBAND';

export type ReasonCode = 'REFUSED' | 'QUEUED' | 'UNUSED' | 'LIMITED_BY_STEP' | 'LIMITED_BY_BOUNDS';

export interface Resize {
  readonly kind: 'resize';
  readonly direction: 'raise' | 'lower';
  /** The limit proposed, in base units. */
  readonly value: bigint;
  /** The least that what was seen allows. */
  readonly lower: bigint;
  /** The most that this step may reach. */
  readonly upper: bigint;
  readonly reasons: readonly ReasonCode[];
  /** SHA-256 (hex) over everything that decided. */
  readonly inputsHash: string;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  readonly figures: Readonly<Record<string, string>>;
}

export interface Skip {
  readonly kind: 'skip';
  readonly skip: SkipReason;
}

export type Recommendation = Resize | Skip;

/**
 * The limit that the history calls for. Pure: the same history, policy and time give the same
 * answer, and nothing after `now` less the settling time has a say.
 *
 * It raises at once where requests were refused or queued, towards the demand and a margin. It lowers
 * only where a whole evidence period, looked at from two moments, leaves room above the highest
 * demand seen and the margin. Both rest on the demand, refused requests included, and never on the
 * limit itself, so that a raise gives no reason for the next one.
 *
 * @param now microseconds
 */
export function recommend(
  history: ResizeHistory,
  policy: ResizePolicy,
  now: bigint,
): Recommendation {
  const objection = objectionTo(history, policy, now);
  if (objection !== null) return skip(objection);
  const { limit, bounds } = history;
  if (limit === null || bounds === null) return skip('NO_LIMIT');
  const asOf = floorTo(now - micros(policy.settleMs), micros(policy.stepMs));
  const settled = history.buckets.filter(
    ({ start }) => start + micros(policy.stepMs) <= asOf && start >= (history.disturbedUntil ?? 0n),
  );
  const look: Look = { history, policy, asOf, now, settled, limit, bounds };
  return raise(look) ?? lower(look);
}

interface Look {
  readonly history: ResizeHistory;
  readonly policy: ResizePolicy;
  readonly asOf: bigint;
  readonly now: bigint;
  readonly settled: readonly DemandBucket[];
  readonly limit: ResourceLimit;
  readonly bounds: { readonly min: bigint; readonly max: bigint };
}

const rightsizedKinds: ReadonlySet<string> = new Set(['rate', 'concurrency', 'capacity']);

function objectionTo(history: ResizeHistory, policy: ResizePolicy, now: bigint): SkipReason | null {
  const { limit, bounds } = history;
  if (bounds === null || bounds.max < bounds.min) return 'NO_BOUNDS';
  if (limit === null) return 'NO_LIMIT';
  if (limit.bound !== 'amount') return 'LIMIT_NOT_A_NUMBER';
  if (!rightsizedKinds.has(limit.kind)) return 'KIND_NOT_RIGHTSIZED';
  if (history.isUnderHaircut) return 'UNDER_HAIRCUT';
  if (history.isOverridden) return 'OVERRIDDEN';
  if (history.isProposed) return 'PROPOSAL_OPEN';
  if (history.declinedAt !== null && now - history.declinedAt < micros(policy.dwellMs)) {
    return 'DECLINED_RECENTLY';
  }
  if (history.freshAt === null || now - history.freshAt > micros(policy.freshnessMs)) {
    return 'USAGE_STALE';
  }
  return null;
}

/** null: nothing was refused or queued, or not enough to matter. */
function raise(look: Look): Recommendation | null {
  const { history, policy, asOf, settled, limit, bounds } = look;
  const from = later(asOf - micros(policy.raiseLookbackMs), history.changedAt);
  const pressed = settled.filter(
    ({ start, refused, queued }) => start >= from && (refused > 0n || queued > 0n),
  );
  if (pressed.length === 0) return null;
  const demand = highest(pressed);
  const target = part(demand, policy.marginBasisPoints);
  if (target < part(limit.amount, 10_000 + policy.deadbandBasisPoints)) return null;
  if (history.boundBy !== null) return skip('BOUND_BY_ANCESTOR');
  if (limit.amount >= bounds.max) return skip('AT_BOUND');
  const upper = smaller(raiseCap(limit.amount, policy), bounds.max);
  if (upper < bounds.min) return skip('OUTSIDE_BOUNDS');
  const value = later(smaller(target, upper), bounds.min);
  const reasons: ReasonCode[] = [];
  if (pressed.some(({ refused }) => refused > 0n)) reasons.push('REFUSED');
  if (pressed.some(({ queued }) => queued > 0n)) reasons.push('QUEUED');
  if (value < target) reasons.push(upper === bounds.max ? 'LIMITED_BY_BOUNDS' : 'LIMITED_BY_STEP');
  return resize(look, pressed, from, {
    direction: 'raise',
    value,
    lower: later(smaller(demand, upper), bounds.min),
    upper,
    reasons,
  });
}

function lower(look: Look): Recommendation {
  const { history, policy, asOf, now, limit, bounds } = look;
  const threshold = (limit.amount * BigInt(10_000 - policy.deadbandBasisPoints)) / 10_000n;
  const least = later(
    ceilDivide(limit.amount * BigInt(10_000 - policy.lowerMaxBasisPoints), 10_000n),
    later(bounds.min, limit.guaranteed ?? 0n),
  );
  const floors: bigint[] = [];
  for (const end of [asOf, asOf - micros(policy.agreementMs)]) {
    const seen = evidence(look, end);
    if (typeof seen === 'string') return skip(seen);
    floors.push(part(highest(seen), policy.marginBasisPoints));
  }
  const floor = floors.reduce(later);
  if (floors.some((each) => each > threshold)) {
    return skip(floors.every((each) => each > threshold) ? 'WITHIN_DEADBAND' : 'NO_AGREEMENT');
  }
  const value = later(floor, least);
  if (value > threshold) return skip(bounds.min > threshold ? 'AT_BOUND' : 'WITHIN_DEADBAND');
  if (value > bounds.max) return skip('OUTSIDE_BOUNDS');
  if (now - history.changedAt < micros(policy.dwellMs)) return skip('DWELLING');
  const from = asOf - micros(policy.agreementMs + policy.evidenceMs);
  const reasons: ReasonCode[] = ['UNUSED'];
  if (value > floor) reasons.push(value === bounds.min ? 'LIMITED_BY_BOUNDS' : 'LIMITED_BY_STEP');
  const looked = look.settled.filter(({ start }) => start >= from);
  return resize(look, looked, from, {
    direction: 'lower',
    value,
    lower: later(floor, bounds.min),
    upper: limit.amount,
    reasons,
  });
}

/** One evidence period that ends at `end`, or why it is none. */
function evidence(look: Look, end: bigint): readonly DemandBucket[] | SkipReason {
  const { policy, settled, asOf, history } = look;
  const step = micros(policy.stepMs);
  const start = end - micros(policy.evidenceMs);
  const warm = settled.some((bucket) => bucket.start < start + step);
  if (!warm || start < (history.disturbedUntil ?? start)) return 'TOO_LITTLE_DATA';
  const seen = settled.filter((bucket) => bucket.start >= start && bucket.start + step <= end);
  const wanted = (end - start) / step;
  if (BigInt(seen.length) * 10_000n < wanted * BigInt(policy.coverageMinBasisPoints)) {
    return 'TOO_LITTLE_DATA';
  }
  const pressed = settled.some(
    (bucket) =>
      bucket.start >= start && bucket.start < asOf && (bucket.refused > 0n || bucket.queued > 0n),
  );
  return pressed ? 'REFUSED_IN_EVIDENCE' : seen;
}

function resize(
  { history, policy, asOf, limit, bounds }: Look,
  looked: readonly DemandBucket[],
  windowStart: bigint,
  decided: Pick<Resize, 'direction' | 'value' | 'lower' | 'upper' | 'reasons'>,
): Resize {
  const total = (pick: (bucket: DemandBucket) => bigint): string =>
    looked.reduce((sum, bucket) => sum + pick(bucket), 0n).toString();
  const inputs = { history: { ...history, buckets: looked }, policy, asOf, decided };
  return {
    kind: 'resize',
    ...decided,
    inputsHash: createHash('sha256').update(stableText(inputs)).digest('hex'),
    windowStart,
    windowEnd: asOf,
    figures: {
      current: limit.amount.toString(),
      demand: highest(looked).toString(),
      lower: decided.lower.toString(),
      upper: decided.upper.toString(),
      boundsMin: bounds.min.toString(),
      boundsMax: bounds.max.toString(),
      refused: total(({ refused }) => refused),
      queued: total(({ queued }) => queued),
      steps: String(looked.length),
      reasons: decided.reasons.join(' '),
    },
  };
}

/** Freshness decides whether to act, not what: it must not make two answers of one. */
function stableText(inputs: object): string {
  return JSON.stringify(inputs, (key, value: unknown) => {
    if (key === 'freshAt') return undefined;
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

const skip = (reason: SkipReason): Skip => ({ kind: 'skip', skip: reason });
const micros = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000n;
const later = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

export function floorTo(value: bigint, step: bigint): bigint {
  return value - (((value % step) + step) % step);
}

export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** Rounded up: a limit is never below what its part of the demand is. */
function part(amount: bigint, basisPoints: number): bigint {
  return ceilDivide(amount * BigInt(basisPoints), 10_000n);
}

/** A limit of nothing doubles to nothing; one unit is the least step up. */
function raiseCap(amount: bigint, policy: ResizePolicy): bigint {
  return later((amount * BigInt(policy.raiseMaxBasisPoints)) / 10_000n, amount + 1n);
}

/** The most that was wanted at any moment. */
function highest(buckets: readonly DemandBucket[]): bigint {
  return buckets.reduce((most, { demand, peak }) => later(most, later(demand, peak)), 0n);
}
