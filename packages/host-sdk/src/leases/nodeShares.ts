import type { Lease, ResourceLimit, Rule } from '@prorata/schemas';
import { compileShare } from '../decision/compiledRule.ts';
import type { CompiledLimit, CompiledRule } from '../decision/compiledRule.ts';
import { DemandMeter } from './demandMeter.ts';
import { shareOfLimit } from './shareOfLimit.ts';

/** Limits as they hold on this host, where that is another thing than what the rule says. */
export interface SharedLimits {
  readonly limits: readonly CompiledLimit[];
  /** When a lease is over, microseconds since the epoch; Infinity: none is held. */
  readonly untilWall: number;
}

/** What one quota's limits are on this host, of which all hosts share them: leases, safe shares, and the demand. */
export class NodeShares {
  readonly #leases = new Map<string, Lease>();
  readonly #demands = new Map<string, DemandMeter>();
  #safe: ReadonlySet<string> = NONE;

  /** @returns false for one that is no newer than what is held */
  take(lease: Lease): boolean {
    const present = this.#leases.get(lease.resource);
    if (present !== undefined && present.sequence >= lease.sequence) return false;
    this.#leases.set(lease.resource, lease);
    return true;
  }

  leaseOf(resource: string): Lease | null {
    return this.#leases.get(resource) ?? null;
  }

  /** Whether the host uses its safe share of the resource. */
  isSafe(resource: string): boolean {
    return this.#safe.has(resource);
  }

  /** Resources whose demand was asked for. */
  get demands(): ReadonlyMap<string, DemandMeter> {
    return this.#demands;
  }

  /** Made at the first use, so that a host reports what it has to do with, and nothing else. */
  demandOf(resource: string): DemandMeter {
    let meter = this.#demands.get(resource);
    if (meter === undefined) {
      meter = new DemandMeter();
      this.#demands.set(resource, meter);
    }
    return meter;
  }

  /**
   * null: the rule holds on this host as it stands. A limit of each host is lowered to its safe share where it is
   * stale and the rule says so.
   */
  limitsOf(
    { source }: CompiledRule,
    declared: readonly ResourceLimit[],
    isStale: boolean,
    wallMicros: number,
  ): SharedLimits | null {
    this.#safe = NONE;
    const isFleet = isShared(source);
    const basisPoints = source.requests?.safeShareBasisPoints ?? null;
    const isLowered = isStale && source.onStale === 'safe_share' && basisPoints !== null;
    if (!isFleet && !isLowered) return null;
    const safe = new Set<string>();
    let untilWall = Infinity;
    const limits = declared.map((limit) => {
      if (limit.bound !== 'amount' || limit.kind === 'capacity') {
        return compileShare(source.quotaId, limit, limit);
      }
      const lease = isFleet ? this.leaseOf(limit.resource) : null;
      const share = shareOfLimit(limit, lease, basisPoints, wallMicros);
      if (share.isSafe) safe.add(limit.resource);
      if (share.untilWall !== null) untilWall = Math.min(untilWall, Number(share.untilWall));
      return compileShare(source.quotaId, share.limit, limit);
    });
    this.#safe = safe;
    return { limits, untilWall };
  }
}

/** Whether all hosts share the rule's limits. */
export const isShared = ({ requests }: Pick<Rule, 'requests'>): boolean =>
  requests?.scope === 'fleet';

const NONE: ReadonlySet<string> = new Set();
