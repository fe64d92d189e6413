import { AHEAD_MAX_MICROS } from './commandAge.ts';

/**
 * The writer's time as far as a gateway vouches for it, microseconds: a clock that is hours ahead must not make
 * ids over that a day of the world has not passed for. Never later than `now`.
 * @param signedAt by the clock of the gateway that let a command in
 */
export function vouchedTime(signedAt: bigint, now: bigint): bigint {
  const latest = signedAt + AHEAD_MAX_MICROS;
  return latest < now ? latest : now;
}
