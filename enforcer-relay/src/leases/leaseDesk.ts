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
/** Sequences begin at a clock's microseconds and rise by one: what is greater nobody granted. */
const SEQUENCE_MAX = 2n ** 62n;

/**
 * Books that nothing new was said of are looked at for leases that are over, the less often the more holders there
 * are: so that a hundred thousand take a tenth of a processor at most. Microseconds.
 */
const LOOK_MIN = 900_000n;
const LOOK_MAX = 5_000_000n;
const LOOK_A_HOLDER = 100n;

interface Desk {
  readonly quotaId: string;
  readonly limit: ResourceLimit;
  readonly book: LeaseBook;
  /** When it is looked at without anything new, microseconds since the epoch. */
  lookAt: bigint;
}

/** The books of one application's fleet-wide limits: reports in, leases out. Pure but for what it remembers. */
export class LeaseDesk {
  readonly application: string;
  readonly #desks = new Map<string, Desk>();
  /** Of limits that are shared no more, for as long as a host may act on a lease of them. */
  readonly #resting = new Map<string, Desk>();
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

  /**
   * Takes the rules as they are now. A limit that is shared no more, as while its quota is suspended, is forgotten
   * when its leases are over: should it be shared again before, they still count.
   */
  follow(rules: ReadonlyMap<string, Rule>, now: bigint): void {
    const shared = new Set<string>();
    for (const rule of rules.values()) {
      for (const limit of sharedLimitsOf(rule, now)) {
        const key = keyOf(rule.quotaId, limit.resource);
        shared.add(key);
        if (this.#desks.get(key)?.limit === limit) continue;
        const book = this.#bookOf(key, limit);
        this.#desks.set(key, { quotaId: rule.quotaId, limit, book, lookAt: now });
      }
    }
    for (const [key, desk] of this.#desks) {
      if (shared.has(key)) continue;
      this.#desks.delete(key);
      this.#resting.set(key, desk);
    }
    this.#forget(now);
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
      const heard = heardOf(report, demand, now);
      if (!desk.book.hear(heard, sharedOf(desk.limit, now), now)) continue;
      desk.lookAt = now;
      isNew = true;
    }
    return isNew;
  }

  /** What changes from now on. */
  round(now: bigint): LeaseChange[] {
    const changes: LeaseChange[] = [];
    const apart = lookApart(this.holders);
    for (const desk of this.#desks.values()) {
      const { quotaId, limit, book } = desk;
      if (book.holders === 0 || now < desk.lookAt) continue;
      desk.lookAt = now + apart;
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

  /** Shares of another kind are of another unit: nothing of them says anything. */
  #bookOf(key: string, { kind }: ResourceLimit): LeaseBook {
    const known = this.#desks.get(key) ?? this.#resting.get(key);
    this.#resting.delete(key);
    if (known?.limit.kind === kind) return known.book;
    const book = new LeaseBook(leaseTimes);
    for (const { bootId, ...lease } of this.#restored.get(key) ?? []) {
      if (lease.kind === kind) book.restore({ ...lease, holder: bootId });
    }
    this.#restored.delete(key);
    return book;
  }

  #forget(now: bigint): void {
    for (const [key, { book }] of this.#resting) {
      if (book.takenUntil <= now) this.#resting.delete(key);
    }
    const isOver = ({ until, windowEnd }: Lease): boolean =>
      (windowEnd ?? until + leaseTimes.lifeMicros) <= now;
    for (const [key, leases] of this.#restored) {
      if (leases.every(isOver)) this.#restored.delete(key);
    }
  }
}

function lookApart(holders: number): bigint {
  const apart = BigInt(holders) * LOOK_A_HOLDER;
  if (apart < LOOK_MIN) return LOOK_MIN;
  return apart < LOOK_MAX ? apart : LOOK_MAX;
}

const keyOf = (quotaId: string, resource: string): string => `${quotaId} ${resource}`;

function sharedOf(limit: ResourceLimit, now: bigint): SharedLimit {
  return { kind: limit.kind, total: sharedTotalOf(limit), windowEnd: windowEndOf(limit, now) };
}

function heardOf(
  { bootId, hostId, weight, reportedAt }: DemandReport,
  demand: LimitDemand,
  now: bigint,
): HeardDemand {
  const { sequence, share } = demand;
  // No lease lasts longer than a life: a host that says otherwise would hold its share for ever.
  const until = demand.until === null ? null : least(demand.until, now + leaseTimes.lifeMicros);
  return {
    ...demand,
    holder: bootId,
    hostId,
    weight: Math.min(Math.max(weight, 1), WEIGHT_MAX),
    reportedAt,
    lease: sequence === null || until === null ? null : { sequence, share, until },
  };
}

/** No amount is negative, and after the lease's sequence there is a next one that can be written. */
function isCredible({
  used,
  refused,
  held,
  share,
  intervalMicros,
  sequence,
}: LimitDemand): boolean {
  if (sequence !== null && sequence > SEQUENCE_MAX) return false;
  return [used, refused, held, share, intervalMicros].every((amount) => amount >= 0n);
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
