import { createHash } from 'node:crypto';
import type { SizingPolicy } from './classes.ts';
import { profileOf } from './profile.ts';
import type { Profile } from './profile.ts';
import type { DemandHistory, EvenSeries, Recommendation } from './recommendation.ts';
import { sizingOf } from './sizing.ts';
import { LIMIT_MAX, wholeUnits } from './wholeUnits.ts';

/**
 * Where the limit should be. Pure: the same history, policy and time give the same answer and the same hash for ever.
 *
 * @param now microseconds
 */
export function recommend(
  history: DemandHistory,
  policy: SizingPolicy,
  now: bigint,
): Recommendation {
  const inputsHash = hashOf(history, policy, now);
  const profile = profileOf(wholeSlots(history), policy);
  return { ...recommendFrom(profile, history, policy, now), inputsHash };
}

/** The same without a hash, by a profile that was reckoned before: it changes once a slot. */
export function recommendFrom(
  profile: Profile,
  history: DemandHistory,
  policy: SizingPolicy,
  now: bigint,
): Omit<Recommendation, 'inputsHash'> {
  const { slots, steps, pressed, limit, changedAt, highest } = history;
  const knownTo = endOf(steps);
  if (now - knownTo > BigInt(policy.freshSlots) * slots.stepMicros)
    return skip(limit, 'USAGE_STALE');
  const newest = {
    steps: steps.values,
    pressed,
    sinceChange: Math.ceil(Number(changedAt - steps.from) / Number(steps.stepMicros)),
  };
  const stepsInSlot = Math.max(1, Number(slots.stepMicros / steps.stepMicros));
  const sizing = sizingOf(profile, newest, stepsInSlot, Number(limit), policy);
  if (sizing.skip !== null) return skip(limit, sizing.skip);
  const { reasons, objection } = sizing;
  const value = wholeUnits(sizing.value);
  const exact = policy.isSqueezable || objection !== null || value >= highest ? value : highest;
  return {
    value: exact,
    lower: wholeUnits(sizing.lower),
    upper: objection === null ? wholeUnits(sizing.upper) : LIMIT_MAX,
    agreed: wholeUnits(sizing.agreed),
    reasons,
    skip: null,
    objection,
  };
}

/** Those slots that are over where what is known ends. */
export function wholeSlots({ slots, steps }: Pick<DemandHistory, 'slots' | 'steps'>): Float64Array {
  const isOpen = slots.values.length > 0 && endOf(slots) > endOf(steps);
  return isOpen ? slots.values.subarray(0, slots.values.length - 1) : slots.values;
}

function endOf({ from, stepMicros, values }: EvenSeries): bigint {
  return from + stepMicros * BigInt(values.length);
}

function skip(
  limit: bigint,
  code: NonNullable<Recommendation['skip']>,
): Omit<Recommendation, 'inputsHash'> {
  return {
    value: limit,
    lower: limit,
    upper: limit,
    agreed: 0n,
    reasons: [],
    skip: code,
    objection: code,
  };
}

/** Numbers by their bits, so that equal hashes mean equal inputs to the last digit; any NaN is one NaN. */
function hashOf(history: DemandHistory, policy: SizingPolicy, now: bigint): string {
  const { slots, steps, pressed, highest, limit, changedAt, loweredAt } = history;
  const hash = createHash('sha256');
  const facts = [
    ...[slots, steps].flatMap(({ from, stepMicros, values }) => [from, stepMicros, values.length]),
    ...[pressed.length, highest, limit, changedAt, loweredAt ?? '', now],
  ];
  hash.update(`${facts.join(' ')} ${JSON.stringify(policy)}\n`);
  for (const values of [slots.values, steps.values, pressed]) hash.update(bytesOf(values));
  return hash.digest('hex');
}

function bytesOf(values: Float64Array): Uint8Array {
  const copy = values.map((value) => (Number.isNaN(value) ? NaN : value));
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
}
