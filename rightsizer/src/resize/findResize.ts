import type { ResourceLimit } from '@prorata/schemas';
import type { ResizePolicy } from '../policy.ts';
import { moveOf } from '../recommend/gates.ts';
import { recommend } from '../recommend/recommend.ts';
import type { DemandHistory, Move, Recommendation } from '../recommend/recommendation.ts';
import type { ReasonCode } from '../recommend/reasons.ts';
import type { SizingPolicy } from '../recommend/classes.ts';
import { partOf } from '../recommend/wholeUnits.ts';
import type { DemandProfile } from '../rollups/rolledUsage.ts';
import { historyOf } from './demandHistory.ts';
import type { Series } from './seriesOf.ts';
import { isRightsized, sizingOf } from './sizingOf.ts';
import type { SkipReason } from './skipReasons.ts';

/** A change that is called for, within the owner's bounds. */
export interface Resize {
  readonly direction: 'raise' | 'lower';
  /** The limit proposed, in base units. */
  readonly value: bigint;
  readonly reasons: readonly (ReasonCode | 'LIMITED_BY_BOUNDS' | 'LIMITED_BY_COMMITTED')[];
  /** SHA-256 (hex) over everything that the recommendation is made from. */
  readonly inputsHash: string;
  /** Of the demand that was looked at. */
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  readonly figures: Readonly<Record<string, string>>;
}

/** A limit that evidence may move, and the bounds that it may move it in. */
export interface Resizable extends Series {
  readonly limit: ResourceLimit;
  readonly bounds: NonNullable<Series['bounds']>;
  readonly workload: NonNullable<Series['workload']>;
}

/** Clipped to its bounds, a lowering smaller than this part of the limit is not worth a change: one in so many. */
const LEAST_LOWERING = 10n;

/**
 * Why what the log says keeps the limit as it is, whatever its demand.
 * @param now microseconds
 */
export function objectionTo(series: Series, policy: ResizePolicy, now: bigint): SkipReason | null {
  const { limit, bounds, declinedAt, rolledBackAt, freshAt } = series;
  if (bounds === null || bounds.max < bounds.min) return 'NO_BOUNDS';
  if (limit === null) return 'NO_LIMIT';
  if (limit.bound !== 'amount') return 'LIMIT_NOT_A_NUMBER';
  if (!isRightsized(limit.kind)) return 'KIND_NOT_RIGHTSIZED';
  if (series.isPinned) return 'PINNED';
  if (series.isUnderHaircut) return 'UNDER_HAIRCUT';
  if (series.isOverridden) return 'OVERRIDDEN';
  if (series.isProposed) return 'PROPOSAL_OPEN';
  if (series.isInRollout) return 'ROLLOUT_OPEN';
  if (isWithin(declinedAt, policy.declinedRestMs, now)) return 'DECLINED_RECENTLY';
  if (isWithin(rolledBackAt, policy.rolledBackRestMs, now)) return 'ROLLED_BACK_RECENTLY';
  if (freshAt === null || !isWithin(freshAt, policy.freshnessMs + 1, now)) return 'USAGE_STALE';
  return series.boundBy === null ? null : 'BOUND_BY_ANCESTOR';
}

/** Only of what `objectionTo` has nothing against. */
export function isResizable(series: Series): series is Resizable {
  return series.limit !== null && series.bounds !== null && series.workload !== null;
}

/**
 * The change that the demand calls for. Pure: where the limit should be is `recommend`'s of all that is known up to
 * where the profile ends; whether it moves now, and how far, is the gates' and the owner's bounds'.
 *
 * @param profile of the series' demand; altered
 * @param now microseconds
 */
export function findResize(
  series: Resizable,
  profile: DemandProfile,
  policy: ResizePolicy,
  now: bigint,
): Resize | SkipReason {
  const { limit, changedAt, loweredAt, disturbed, workload } = series;
  if (!isRightsized(limit.kind)) return 'KIND_NOT_RIGHTSIZED';
  const sizing = sizingOf(workload, limit.kind, policy);
  const held = { limit: limit.amount, changedAt, loweredAt, disturbed };
  const history = historyOf(profile, held, sizing);
  const { from, stepMicros, values } = history.steps;
  const knownTo = from + stepMicros * BigInt(values.length);
  const found = recommend(history, sizing, knownTo);
  const move = moveOf(history, found, sizing, now);
  if (move.kind === 'hold') return move.reason;
  const kept = move.kind === 'raise' ? raised(series, move, sizing) : lowered(series, move);
  if (typeof kept === 'string') return kept;
  const isBounded = kept.value !== move.value;
  const reasons = isBounded ? [...move.reasons, 'LIMITED_BY_BOUNDS' as const] : move.reasons;
  return {
    direction: move.kind,
    value: kept.value,
    reasons,
    inputsHash: found.inputsHash,
    windowStart: history.slots.from < from ? history.slots.from : from,
    windowEnd: knownTo,
    figures: figuresOf(series, history, found, reasons),
  };
}

type Moved = Exclude<Move, { readonly kind: 'hold' }>;

function raised(
  { limit, bounds }: Resizable,
  { value }: Moved,
  { raiseFactor }: SizingPolicy,
): { readonly value: bigint } | SkipReason {
  if (limit.amount >= bounds.max) return 'AT_BOUND';
  const doubled = partOf(limit.amount, raiseFactor);
  if (bounds.min > value && bounds.min > doubled) return 'OUTSIDE_BOUNDS';
  return { value: smaller(larger(value, bounds.min), bounds.max) };
}

function lowered(
  { limit, bounds }: Resizable,
  { value }: Moved,
): { readonly value: bigint } | SkipReason {
  const kept = larger(value, larger(bounds.min, limit.guaranteed ?? 0n));
  if (kept > bounds.max) return 'OUTSIDE_BOUNDS';
  const isWorthIt = limit.amount - kept >= limit.amount / LEAST_LOWERING;
  return kept === value || isWorthIt ? { value: kept } : 'AT_BOUND';
}

function figuresOf(
  { limit, bounds, workload }: Resizable,
  { slots, steps, pressed }: DemandHistory,
  { value, lower, upper }: Recommendation,
  reasons: readonly string[],
): Readonly<Record<string, string>> {
  const refused = pressed.reduce((sum, each) => sum + (each > 0 ? each : 0), 0);
  return {
    current: limit.amount.toString(),
    recommended: value.toString(),
    lower: lower.toString(),
    upper: upper.toString(),
    boundsMin: bounds.min.toString(),
    boundsMax: bounds.max.toString(),
    class: workload,
    // Of the newest steps, in the limit's unit: what was refused or queued.
    refused: wholeText(refused),
    newestHighest: wholeText(highest(steps.values)),
    highest: wholeText(highest(slots.values)),
    slots: String(slots.values.reduce((count, each) => count + (Number.isNaN(each) ? 0 : 1), 0)),
    reasons: reasons.join(' '),
  };
}

const highest = (values: Float64Array): number =>
  values.reduce((most, each) => (each > most ? each : most), 0);
const wholeText = (value: number): string => BigInt(Math.ceil(value)).toString();
const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/** @returns whether it is less than this long ago */
function isWithin(at: bigint | null, lengthMs: number, now: bigint): boolean {
  return at !== null && now - at < BigInt(lengthMs) * 1_000n;
}
