import { windowFormOf } from '@prorata/quota-model/hosts';
import type { LimitRoom } from '../decision/room.ts';
import { NEVER } from '../decision/verdict.ts';

export type Fields = Readonly<Record<string, string>>;

/** The largest integer of a structured field (RFC 9651, 3.3.1). */
const INTEGER_MAX = 999_999_999_999_999;
const MICROS_PER_SECOND = 1_000_000;
/** Days of a calendar and months differ; a policy says one length: 24 hours, and 30 days. */
const CALENDAR_SECONDS = { day: 86_400, week: 604_800, month: 2_592_000 } as const;

/**
 * `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-11 has them: lists of
 * strings with parameters. A policy is named by its resource, and those of the levels above by it and
 * their distance (`tokens`, `tokens.1`): ids of quotas are nobody's business outside.
 *
 * `t` is until there may be more than `r`, so that within it no more than `r` can be used.
 *
 * @param shown of which limits what is left is said: of a refused request those that refused it, for
 *   its `Retry-After` is not to lie before the `t` of any
 */
export function rateLimitFields(
  rooms: readonly LimitRoom[],
  shown: readonly LimitRoom[] = rooms,
): Fields {
  if (rooms.length === 0) return {};
  const names = policyNames(rooms).map(quoted);
  const policies = rooms.map((room, at) => `${names[at] ?? ''}${policyOf(room)}`);
  const limits = rooms.flatMap((room, at) =>
    shown.includes(room) ? [`${names[at] ?? ''}${serviceLimitOf(room)}`] : [],
  );
  const policy = { 'RateLimit-Policy': policies.join(', ') };
  return limits.length === 0 ? policy : { ...policy, RateLimit: limits.join(', ') };
}

export function policyNames(rooms: readonly LimitRoom[]): string[] {
  const seen = new Map<string, number>();
  return rooms.map(({ resource }) => {
    const distance = seen.get(resource) ?? 0;
    seen.set(resource, distance + 1);
    return distance === 0 ? resource : `${resource}.${distance}`;
  });
}

function policyOf({ kind, amount, perMicros, window }: LimitRoom): string {
  if (kind === 'concurrency') return `;q=${integer(amount)};qu="concurrent-requests"`;
  if (perMicros !== null) {
    // Windows are whole seconds: of a shorter period, what a second gives.
    const periods = Math.max(1, MICROS_PER_SECOND / perMicros);
    return `;q=${integer(amount * periods)};w=${seconds(perMicros * periods)}`;
  }
  const windowSeconds = secondsOf(window ?? '');
  return `;q=${integer(amount)}${windowSeconds === null ? '' : `;w=${windowSeconds}`}`;
}

function serviceLimitOf({ amount, perMicros, left, moreInMicros }: LimitRoom): string {
  // A burst above the amount is room too, but not of the policy's window.
  const periods = perMicros === null ? 1 : Math.max(1, MICROS_PER_SECOND / perMicros);
  const available = integer(Math.min(left, amount * periods));
  const isKnown = moreInMicros > 0 && moreInMicros !== NEVER;
  return `;r=${available}${isKnown ? `;t=${seconds(moreInMicros)}` : ''}`;
}

function secondsOf(window: string): number | null {
  const form = windowFormOf(window);
  if (form === null) return null;
  if (form.kind === 'fixed') return seconds(form.micros);
  if (form.kind === 'months') return form.months * CALENDAR_SECONDS.month;
  return form.count * CALENDAR_SECONDS[form.unit];
}

const integer = (value: number): number => Math.min(INTEGER_MAX, Math.floor(value));

/** Rounded up: whoever waits so long waits long enough. */
const seconds = (micros: number): number => integer(Math.ceil(micros / MICROS_PER_SECOND));

/** A string of visible ASCII (RFC 9651, 3.3.3); resources have no other letters. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^ -~]/g, '?').replaceAll(/[\\"]/g, '\\$&')}"`;
}
