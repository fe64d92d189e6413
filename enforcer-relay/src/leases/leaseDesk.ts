import { leaseKeyOf, windowEndOf } from '@prorata/host-sdk';
import { LeaseBook, leaseTimes, sharedTotalOf } from '@prorata/quota-model/leases';
import type { HeardDemand, SharedLimit } from '@prorata/quota-model/leases';
import type { DemandReport, Lease, LimitDemand, ResourceLimit, Rule } from '@prorata/schemas';
import { sharedLimitsOf } from './fleetRules.ts';

/** What is to be written: a lease, or the key of one that is over. */
export type LeaseChange =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'gone'; readonly key: string };

/** Fleet-wide limits that one report is heard about. */
export const DEMANDS_MAX = 1_000;
/** Ids of hosts become keys in the log. */
const ID_LENGTH_MAX = 256;
const WEIGHT_MAX = 1_000;

interface Desk {
  readonly quotaId: string;
  readonly limit: ResourceLimit;
  readonly book: LeaseBook;
}

/** The books of one application's fleet-wide limits: reports in, leases out. Pure but for what it remembers. */
export class LeaseDesk {
  readonly application: string;
  readonly #desks = new Map<string, Desk>();
  /** Leases of a predecessor, by limit, for as long as no rule says what the limit is. */
  readonly #restored = new Map<string, Lease[]>();

  constructor(application: string) {
    this.application = application;
  }

  get holders(): number {
    let holders = 0;
    for (const { book } of this.#desks.values()) holders += book.holders;
    return holders;
  }

  /** A lease that stands in the topic. */
  restore(lease: Lease): void {
    const key = keyOf(lease.quotaId, lease.resource);
    const leases = this.#restored.get(key) ?? [];
    leases.push(lease);
    this.#restored.set(key, leases);
  }

  /** Takes the rules as they are now. A limit that is shared no more is forgotten with its leases. */
  follow(rules: ReadonlyMap<string, Rule>, now: bigint): void {
    const shared = new Set<string>();
    for (const rule of rules.values()) {
      for (const limit of sharedLimitsOf(rule, now)) {
        const key = keyOf(rule.quotaId, limit.resource);
        shared.add(key);
        const book = this.#desks.get(key)?.book ?? this.#newBook(key);
        this.#desks.set(key, { quotaId: rule.quotaId, limit, book });
      }
    }
    for (const key of this.#desks.keys()) if (!shared.has(key)) this.#desks.delete(key);
    this.#restored.clear();
  }

  /** @returns whether anything new was said of a limit that is shared */
  hear(report: DemandReport, now: bigint): boolean {
    const { bootId, hostId } = report;
    if (bootId.length > ID_LENGTH_MAX || hostId.length > ID_LENGTH_MAX || /\s/.test(bootId))
      return false;
    let isNew = false;
    for (const demand of report.demands.slice(0, DEMANDS_MAX)) {
      const desk = this.#desks.get(keyOf(demand.quotaId, demand.resource));
      if (desk === undefined || !isCredible(demand)) continue;
      const heard = heardOf(report, demand);
      if (desk.book.hear(heard, sharedOf(desk.limit, now), now)) isNew = true;
    }
    return isNew;
  }

  /** What changes from now on. */
  round(now: bigint): LeaseChange[] {
    const changes: LeaseChange[] = [];
    for (const { quotaId, limit, book } of this.#desks.values()) {
      if (book.holders === 0) continue;
      const shared = sharedOf(limit, now);
      const { grants, gone, hosts } = book.grants(shared, now);
      const { resource, kind } = limit;
      const common = {
        application: this.application,
        quotaId,
        resource,
        kind,
        hosts,
        grantedAt: now,
      };
      for (const { holder, ...grant } of grants) {
        const lease = { ...common, ...grant, bootId: holder, limit: shared.total };
        changes.push({ kind: 'lease', lease });
      }
      for (const bootId of gone) {
        changes.push({ kind: 'gone', key: leaseKeyOf({ quotaId, resource, bootId }) });
      }
    }
    return changes;
  }

  #newBook(key: string): LeaseBook {
    const book = new LeaseBook(leaseTimes);
    for (const { bootId, ...lease } of this.#restored.get(key) ?? []) {
      book.restore({ ...lease, holder: bootId });
    }
    return book;
  }
}

const keyOf = (quotaId: string, resource: string): string => `${quotaId} ${resource}`;

function sharedOf(limit: ResourceLimit, now: bigint): SharedLimit {
  return { kind: limit.kind, total: sharedTotalOf(limit), windowEnd: windowEndOf(limit, now) };
}

function heardOf(
  { bootId, hostId, weight, reportedAt }: DemandReport,
  demand: LimitDemand,
): HeardDemand {
  const { sequence, share, until } = demand;
  return {
    ...demand,
    holder: bootId,
    hostId,
    weight: Math.min(Math.max(weight, 1), WEIGHT_MAX),
    reportedAt,
    lease: sequence === null || until === null ? null : { sequence, share, until },
  };
}

/** No amount is negative. */
function isCredible({ used, refused, held, share, intervalMicros }: LimitDemand): boolean {
  return [used, refused, held, share, intervalMicros].every((amount) => amount >= 0n);
}
