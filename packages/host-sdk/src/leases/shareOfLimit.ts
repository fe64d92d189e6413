import { sharedTotalOf } from '@prorata/quota-model/leases';
import type { Lease, ResourceLimit } from '@prorata/schemas';

/** What of a limit this host may use. */
export interface Share {
  /** The limit that holds on this host. */
  readonly limit: ResourceLimit;
  /** Whether it is the safe share, for want of a lease. */
  readonly isSafe: boolean;
  /** When another share begins by itself, microseconds since the epoch; null: not known to. */
  readonly untilWall: bigint | null;
}

const BASIS_POINTS = 10_000n;
/** What a host uses of a limit that it knows nothing of but the limit: a hundredth. */
const UNKNOWN_HOSTS = 100n;
/** A rate in micro-units a second is one of whole units in so many microseconds. */
const MICRO_RATE_PER = 1_000_000_000_000n;

/**
 * A fleet-wide limit as it holds on one host: the lease's share, as long as it lasts; without one the safe share,
 * which is never the whole limit by default and never nothing.
 *
 * A limit that was lowered since the lease was granted lowers the share by as much at once, so that the sum holds
 * before all leases are made anew.
 *
 * @param safeBasisPoints null: the even share among the hosts last known
 */
export function shareOfLimit(
  limit: ResourceLimit,
  lease: Lease | null,
  safeBasisPoints: number | null,
  wallMicros: number,
): Share {
  const total = sharedTotalOf(limit);
  const known = lease?.kind === limit.kind ? lease : null;
  const safe = safeShareOf(total, known, safeBasisPoints);
  const wall = BigInt(Math.floor(wallMicros));
  if (known !== null && wall < endOf(known)) {
    const leased = total < known.limit ? (known.share * total) / known.limit : known.share;
    if (known.windowEnd === null || wall < known.until) {
      return {
        limit: limitOf(limit, leased, total),
        isSafe: false,
        untilWall: least(known.until, endOf(known)),
      };
    }
    // Out of contact; what was allowed of the window stays allowed.
    const most = leased > safe ? leased : safe;
    return { limit: limitOf(limit, most, total), isSafe: true, untilWall: endOf(known) };
  }
  return { limit: limitOf(limit, safe, total), isSafe: true, untilWall: null };
}

function safeShareOf(total: bigint, lease: Lease | null, basisPoints: number | null): bigint {
  const hosts = lease === null ? UNKNOWN_HOSTS : BigInt(Math.max(1, lease.hosts));
  const share = basisPoints === null ? total / hosts : (total * BigInt(basisPoints)) / BASIS_POINTS;
  return share > 0n ? share : 1n;
}

function endOf({ until, windowEnd }: Lease): bigint {
  return windowEnd ?? until;
}

function limitOf(limit: ResourceLimit, share: bigint, total: bigint): ResourceLimit {
  if (share >= total) return limit;
  if (limit.kind !== 'rate') return { ...limit, amount: share };
  // At least one unit at once: what comes in less than that a second still comes.
  const burst = ((limit.burst ?? limit.amount) * share) / total;
  return { ...limit, amount: share, perMicros: MICRO_RATE_PER, burst: burst > 1n ? burst : 1n };
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
