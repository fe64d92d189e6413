import type { LimitKind } from '@prorata/schemas';
import { fairShares } from './fairShares.ts';
import type { HeardDemand } from './heardDemand.ts';
import { wantedBy } from './heardDemand.ts';
import { RotatedShares } from './rotatedShares.ts';

/** How long leases hold, and how often they are made anew, microseconds. */
export interface LeaseTimes {
  readonly lifeMicros: bigint;
  readonly refreshMicros: bigint;
}

/**
 * A host that is gone holds back its share for a life; a relay that is gone leaves the shares in place for
 * one. Hosts report three times in it.
 */
export const leaseTimes: LeaseTimes = { lifeMicros: 15_000_000n, refreshMicros: 5_000_000n };

/** A host may take a lease for valid so long after its end: clocks differ. */
const CLOCKS_DIFFER_MICROS = 2_000_000n;
/** A share that differs by less than 1/20 waits for the refresh: writing costs more than it gains. */
const NOTICED_PART = 20n;
/** What a host that wants nothing is given of the even share all the same, so that its first request passes. */
const IDLE_PART = 100n;
/** Of a window's rest no host gets more ahead of its use than this part, for it is lost with the host. */
const AHEAD_PART = 100n;

/**
 * A host that says nothing for so long after its lease is no holder any more, microseconds: in a month there are more
 * starts of hosts than hosts. What it may have used of the window stays taken.
 */
const GONE_MICROS = 60_000_000n;
/** So many are known again when they come back; of those who went before them only the sum is. */
const AWAY_MAX = 100_000;

/** The limit to be shared, in the unit of shares. */
export interface SharedLimit {
  readonly kind: LimitKind;
  /** Micro-units a second, permits, or the amount of a window. */
  readonly total: bigint;
  /** consumable: the end of the present window, microseconds since the epoch. */
  readonly windowEnd: bigint | null;
}

/** A share of a limit, for one start of a host, until a moment. */
export interface GrantedShare {
  readonly holder: string;
  readonly hostId: string;
  /** Rises with every grant of the limit, whoever gives it. */
  readonly sequence: bigint;
  readonly share: bigint;
  readonly until: bigint;
  readonly windowEnd: bigint | null;
}

interface Issued {
  readonly sequence: bigint;
  readonly share: bigint;
  readonly until: bigint;
  readonly windowEnd: bigint | null;
  /** From then on nobody can act on it any more. */
  readonly takenUntil: bigint;
}

interface Holder {
  readonly hostId: string;
  weight: bigint;
  wanted: bigint;
  held: bigint;
  heardAt: bigint;
  reportedAt: bigint;
  /** What it may still act on, oldest first: the last, and those before it until it has said that it has it. */
  issued: readonly Issued[];
}

/** What there is to be written. */
export interface Round {
  readonly grants: readonly GrantedShare[];
  /** Holders whose last share is over. */
  readonly gone: readonly string[];
  /** Hosts that hold or want a share. */
  readonly hosts: number;
}

/** Hosts of one limit; a further one is not heard, and keeps its safe share. */
const HOLDERS_MAX = 10_000;

/**
 * Who holds which share of one fleet-wide limit. Shares follow demand, by weighted max-min fairness; half of
 * what nobody wants is headroom of all, the other half stays free for whoever asks next.
 *
 * The sum of all shares that anybody can still act on never passes the limit, whoever crashes, joins or is cut
 * off: a share counts as taken until its holder has said that it acts on a later one, or until its end and the
 * difference of clocks. Less is given at once, and more only out of what is free. A limit that is lowered
 * holds when the hosts have said so, and after a life at the latest.
 *
 * Pure: times come in, microseconds since the epoch.
 */
export class LeaseBook {
  readonly #times: LeaseTimes;
  readonly #holders = new Map<string, Holder>();
  readonly #rotation = new RotatedShares();
  #sequence = 0n;
  #windowEnd: bigint | null = null;
  /** consumable: who is gone, or idle, and may have used something of the window. */
  readonly #away = new Map<string, Holder>();
  /** What they may have used together. */
  #spent = 0n;
  #rotateAt = 0n;

  constructor(times: LeaseTimes = leaseTimes) {
    this.#times = times;
  }

  get holders(): number {
    return this.#holders.size;
  }

  /** From when on nobody can act on any share, as far as is known; 0: nobody can now. */
  get takenUntil(): bigint {
    let last = this.#spent > 0n ? (this.#windowEnd ?? 0n) : 0n;
    for (const { issued } of this.#holders.values()) {
      for (const { takenUntil } of issued) if (takenUntil > last) last = takenUntil;
    }
    return last;
  }

  /** A share that a predecessor granted: it counts as taken, and its holder is heard when it reports. */
  restore(grant: GrantedShare): void {
    if (grant.sequence > this.#sequence) this.#sequence = grant.sequence;
    const holder = this.#holderOf(grant.holder, grant.hostId);
    holder.issued = [...holder.issued, this.#issuedOf(grant)];
  }

  /** @returns false when it says nothing new */
  hear(demand: HeardDemand, { kind, windowEnd }: SharedLimit, now: bigint): boolean {
    this.#turnWindow(windowEnd);
    if (!this.#holders.has(demand.holder) && this.#holders.size >= HOLDERS_MAX) return false;
    this.#comeBack(demand.holder);
    const holder = this.#holderOf(demand.holder, demand.hostId);
    if (demand.reportedAt <= holder.reportedAt) return false;
    this.#acknowledge(holder, demand, now);
    const share = holder.issued.at(-1)?.share ?? 0n;
    holder.wanted = wantedBy(demand, kind, { before: holder.wanted, share, ...this.#times });
    holder.held = kind === 'consumable' && demand.windowEnd !== windowEnd ? 0n : demand.held;
    holder.weight = BigInt(Math.max(1, Math.trunc(demand.weight)));
    holder.reportedAt = demand.reportedAt;
    holder.heardAt = now;
    return true;
  }

  /** The shares that are to be others, or are to be made anew, from now on. */
  grants(limit: SharedLimit, now: bigint): Round {
    this.#turnWindow(limit.windowEnd);
    const gone = this.#expire(limit.kind, now);
    const live = [...this.#holders].filter(([, holder]) => this.#isHeard(holder, now));
    const targets = this.#targets(live, limit, now);
    const taken = this.#taken(limit.kind);
    const free = limit.total - taken;
    const deficits = live.map(([, holder], index) => ({
      wanted: positive((targets[index] ?? 0n) - takenBy(holder, limit.kind)),
      weight: holder.weight,
    }));
    const growth = fairShares(free, deficits);
    const grants: GrantedShare[] = [];
    for (const [index, [id, holder]] of live.entries()) {
      const target = targets[index] ?? 0n;
      const has = takenBy(holder, limit.kind);
      const share = target <= has ? target : has + (growth[index] ?? 0n);
      if (this.#isWorthGranting(holder, share, now))
        grants.push(this.#grant(id, holder, share, now));
    }
    return { grants, gone, hosts: Math.max(1, this.#holders.size) };
  }

  #holderOf(id: string, hostId: string): Holder {
    let holder = this.#holders.get(id);
    if (holder === undefined) {
      holder = {
        hostId,
        weight: 1n,
        wanted: 0n,
        held: 0n,
        heardAt: NEVER,
        reportedAt: NEVER,
        issued: [],
      };
      this.#holders.set(id, holder);
    }
    return holder;
  }

  /**
   * What came before the lease that it acts on is over. A lease unknown here was a predecessor's, and counts; but one of a
   * window that is over, in a report that was long on its way, says nothing of this one, of which others may have all.
   */
  #acknowledge(holder: Holder, { lease, windowEnd }: HeardDemand, now: bigint): void {
    if (lease === null) return;
    if (windowEnd !== null && this.#windowEnd !== null && windowEnd < this.#windowEnd) return;
    const isKnown = holder.issued.some(({ sequence }) => sequence === lease.sequence);
    const later = holder.issued.filter(({ sequence }) => sequence >= lease.sequence);
    if (isKnown || lease.until <= now) holder.issued = later;
    else if (lease.sequence > (holder.issued.at(-1)?.sequence ?? 0n)) {
      holder.issued = [this.#issuedOf({ ...lease, windowEnd: this.#windowEnd })];
      if (lease.sequence > this.#sequence) this.#sequence = lease.sequence;
    }
  }

  /** What was used in a window stays used until it ends, whoever is gone. */
  #issuedOf({
    sequence,
    share,
    until,
    windowEnd,
  }: Omit<GrantedShare, 'holder' | 'hostId'>): Issued {
    const takenUntil = until + CLOCKS_DIFFER_MICROS;
    return { sequence, share, until, windowEnd, takenUntil: windowEnd ?? takenUntil };
  }

  #turnWindow(windowEnd: bigint | null): void {
    if (windowEnd === this.#windowEnd) return;
    this.#windowEnd = windowEnd;
    this.#spent = 0n;
    this.#away.clear();
    for (const holder of this.#holders.values()) {
      holder.issued = holder.issued.filter((issued) => issued.windowEnd === windowEnd);
      holder.held = 0n;
    }
  }

  #expire(kind: LimitKind, now: bigint): string[] {
    const gone: string[] = [];
    for (const [id, holder] of this.#holders) {
      const last = holder.issued.at(-1);
      holder.issued = holder.issued.filter(({ takenUntil }) => takenUntil > now);
      if (this.#isHeard(holder, now)) continue;
      // Permits that a host was heard to hold are over with the host.
      if (kind === 'concurrency') holder.held = 0n;
      if (kind === 'consumable' && isLongGone(holder, now)) {
        this.#holders.delete(id);
        this.#leave(id, holder);
        continue;
      }
      if (holder.issued.length > 0) continue;
      this.#holders.delete(id);
      if (last !== undefined) gone.push(id);
    }
    return gone;
  }

  /** Who is forgotten and comes back all the same counts twice until the window ends: never too little. */
  #leave(id: string, holder: Holder): void {
    this.#spent += takenBy(holder, 'consumable');
    this.#away.set(id, holder);
    const [oldest = id] = this.#away.keys();
    if (this.#away.size > AWAY_MAX) this.#away.delete(oldest);
  }

  #comeBack(id: string): void {
    const holder = this.#away.get(id);
    if (holder === undefined) return;
    this.#away.delete(id);
    this.#spent -= takenBy(holder, 'consumable');
    this.#holders.set(id, holder);
  }

  #isHeard({ heardAt }: Holder, now: bigint): boolean {
    return heardAt + this.#times.lifeMicros > now;
  }

  #taken(kind: LimitKind): bigint {
    let taken = this.#spent;
    for (const holder of this.#holders.values()) taken += takenBy(holder, kind);
    return taken;
  }

  #targets(
    live: readonly (readonly [string, Holder])[],
    { kind, total }: SharedLimit,
    now: bigint,
  ): bigint[] {
    const used = live.map(([, { held }]) => (kind === 'consumable' ? held : 0n));
    let free = total - this.#spent - sumOf(used);
    for (const holder of this.#holders.values()) {
      if (!this.#isHeard(holder, now)) free -= takenBy(holder, kind);
    }
    free = positive(free);
    const even = live.length === 0 ? 0n : free / BigInt(live.length);
    const idle = kind === 'concurrency' ? 0n : atLeastOne(even / IDLE_PART);
    const claims = live.map(([id, { wanted, weight }]) => ({
      id,
      wanted: least(wanted > idle ? wanted : idle, free),
      weight,
    }));
    const shares =
      kind === 'concurrency'
        ? this.#rotation.shares(free, claims, this.#isTimeToRotate(now))
        : fairShares(free, claims);
    const headroom = positive(free - sumOf(shares) + 1n) / 2n;
    const ahead = kind === 'consumable' ? atLeastOne(even / AHEAD_PART) : headroom;
    const more = fairShares(
      headroom,
      claims.map(({ weight }) => ({ wanted: ahead, weight })),
    );
    return shares.map((share, index) => (used[index] ?? 0n) + share + (more[index] ?? 0n));
  }

  #isTimeToRotate(now: bigint): boolean {
    if (now < this.#rotateAt) return false;
    this.#rotateAt = now + this.#times.refreshMicros;
    return true;
  }

  #isWorthGranting(holder: Holder, share: bigint, now: bigint): boolean {
    const last = holder.issued.at(-1);
    if (last === undefined) return true;
    const { lifeMicros, refreshMicros } = this.#times;
    const issuedAt = last.until - lifeMicros;
    if (now >= issuedAt + refreshMicros && holder.heardAt > issuedAt) return true;
    const difference = share > last.share ? share - last.share : last.share - share;
    return difference > 0n && difference * NOTICED_PART >= last.share;
  }

  #grant(id: string, holder: Holder, share: bigint, now: bigint): GrantedShare {
    this.#sequence = this.#sequence < now ? now : this.#sequence + 1n;
    const until = now + this.#times.lifeMicros;
    const grant = {
      ...{ holder: id, hostId: holder.hostId, sequence: this.#sequence },
      ...{ share, until, windowEnd: this.#windowEnd },
    };
    holder.issued = [...holder.issued, this.#issuedOf(grant)];
    return grant;
  }
}

/** Before any time that is told. */
const NEVER = -(2n ** 63n);

/** The most that the holder can still act on. */
function takenBy({ issued, held }: Holder, kind: LimitKind): bigint {
  let most = kind === 'rate' ? 0n : held;
  for (const { share } of issued) if (share > most) most = share;
  return most;
}

/** Its leases stay in the log, by which a successor comes to the same sum. */
const isLongGone = ({ issued }: Holder, now: bigint): boolean =>
  issued.length > 0 && issued.every(({ until }) => until + GONE_MICROS <= now);

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, each) => sum + each, 0n);
const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const atLeastOne = (amount: bigint): bigint => (amount > 1n ? amount : 1n);
