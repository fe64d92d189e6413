import type { LimitKind } from '@prorata/schemas';
import { MICRO_UNITS } from '../heardDemand.ts';
import { LeaseBook, leaseTimes } from '../leaseBook.ts';
import type { GrantedShare, LeaseTimes, SharedLimit } from '../leaseBook.ts';

export interface FleetOptions {
  readonly kind: LimitKind;
  /** Units a second, permits, or units a window of a minute. */
  readonly limit: bigint;
  readonly seed: number;
  readonly times?: LeaseTimes;
}

interface FleetHost {
  readonly id: string;
  /** How far its clock is behind the allocator's, microseconds. */
  readonly behind: bigint;
  /** Units a second, or permits. */
  wanted: number;
  lease: GrantedShare | null;
  /** Permits out, or what was used in the window. */
  held: number;
  used: number;
  refused: number;
  countedAt: bigint;
  /** Since when used and refused are counted. */
  intervalFrom: bigint;
  reportedAt: bigint;
  reportedWanted: number;
  didReportRefusal: boolean;
  isGone: boolean;
  cutUntil: bigint;
  /** Microseconds in which it had at least one unit. */
  served: bigint;
}

interface Due {
  readonly at: bigint;
  readonly act: () => void;
}

const MS = 1_000n;
const SECOND = 1_000_000n;
const WINDOW = 60n * SECOND;
const START = 1_800_000_000n * SECOND;
/** One way, network and log together, milliseconds. */
const DELAY_MS = [20, 120] as const;
/** How long the allocator gathers reports, and how often it looks without any. */
const GATHER = 100n * MS;
const LOOK = SECOND;
/** How far clocks are apart at most, milliseconds. */
const BEHIND_MS = 1_000;
/** What a request with a permit takes at most, milliseconds. */
const REQUEST_MS = 800;
const CUT = 40n * SECOND;
const FAILOVER_MS = 3_000;

/**
 * Hosts, an allocator that may fail over, and messages that take their time, on a virtual clock. Hosts report
 * as the SDK does: each refresh with jitter, after a lease that is less, when demand changed by a fifth and
 * when they begin to refuse.
 */
export class Fleet {
  now = START;
  /** The most that hosts could ever act on at one moment, in the unit of shares. */
  mostTaken = 0n;
  readonly hosts: FleetHost[] = [];
  readonly #options: FleetOptions;
  readonly #times: LeaseTimes;
  readonly #due: Due[] = [];
  /** Every grant, in order: what the topic of leases keeps. */
  #topic: GrantedShare[] = [];
  #book: LeaseBook | null;
  #epoch = 0;
  #isRoundDue = false;
  #state: number;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#times = options.times ?? leaseTimes;
    this.#state = options.seed;
    this.#book = new LeaseBook(this.#times);
    this.#look();
  }

  /** The whole limit, in the unit of shares. */
  get limit(): bigint {
    const { kind, limit } = this.#options;
    return kind === 'rate' ? limit * MICRO_UNITS : limit;
  }

  join(wanted: number): FleetHost {
    const host: FleetHost = {
      id: `h${this.hosts.length}`,
      behind: BigInt(Math.round((this.random() * 2 - 1) * BEHIND_MS)) * MS,
      wanted,
      lease: null,
      ...{
        held: 0,
        used: 0,
        refused: 0,
        countedAt: this.now,
        intervalFrom: this.now,
        reportedAt: 0n,
        reportedWanted: 0,
      },
      ...{ didReportRefusal: false, isGone: false, cutUntil: 0n, served: 0n },
    };
    this.hosts.push(host);
    this.#after(BigInt(Math.round(this.random() * 1_000)) * MS, () => this.#report(host));
    this.#reportAgainAndAgain(host);
    return host;
  }

  crash(index: number): void {
    const host = this.hosts[index];
    if (host === undefined) return;
    this.#count(host);
    host.isGone = true;
  }

  cutOff(index: number): void {
    const host = this.hosts[index];
    if (host !== undefined) host.cutUntil = this.now + CUT;
  }

  want(index: number, wanted: number): void {
    const host = this.hosts[index];
    if (host === undefined || host.isGone) return;
    this.#count(host);
    host.wanted = wanted;
    if (this.#isChanged(host)) {
      // What was before says nothing of what is now.
      Object.assign(host, { used: 0, refused: 0, intervalFrom: this.now });
      this.#after(SECOND, () => this.#report(host));
    }
  }

  /** The allocator goes, and another one takes over from what the topic has. @param ms how long there is none */
  failOver(ms = Math.round(this.random() * FAILOVER_MS)): void {
    this.#epoch += 1;
    const epoch = this.#epoch;
    this.#book = null;
    this.#after(BigInt(ms) * MS, () => {
      if (epoch !== this.#epoch) return;
      const book = new LeaseBook(this.#times);
      for (const grant of this.#topic) {
        const end = grant.windowEnd ?? grant.until + 2n * SECOND;
        if (end > this.now) book.restore(grant);
      }
      this.#book = book;
    });
  }

  pass(ms: number): void {
    const end = this.now + BigInt(ms) * MS;
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.now = next.at;
      next.act();
      this.#noteTaken();
    }
    this.now = end;
    this.#noteTaken();
  }

  /** What each host may act on, of those that are there. */
  shares(): bigint[] {
    return this.hosts.filter(({ isGone }) => !isGone).map((host) => this.#acting(host));
  }

  /** For how long each host had at least one unit in the time that passes, in seconds. */
  turns(ms: number): number[] {
    for (const host of this.hosts) host.served = 0n;
    const step = 100;
    for (let passed = 0; passed < ms; passed += step) {
      this.pass(step);
      for (const host of this.hosts) {
        if (this.#acting(host) > 0n) host.served += BigInt(step) * MS;
      }
    }
    return this.hosts.map(({ served }) => Number(served / SECOND));
  }

  /** 0 to 1, by the seed: a 32 bit generator by Tommy Ettinger, public domain (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  #acting(host: FleetHost): bigint {
    const isHolding = this.#options.kind === 'concurrency' && !host.isGone;
    const held = isHolding ? BigInt(host.held) : 0n;
    const share = this.#shareOf(host);
    return share > held ? share : held;
  }

  #shareOf({ lease, behind }: FleetHost): bigint {
    if (lease === null) return 0n;
    return (lease.windowEnd ?? lease.until + behind) > this.now ? lease.share : 0n;
  }

  #noteTaken(): void {
    let taken = 0n;
    for (const host of this.hosts) taken += this.#acting(host);
    if (taken > this.mostTaken) this.mostTaken = taken;
  }

  /** What was used and refused since the last count, at the share that it had. */
  #count(host: FleetHost): void {
    const seconds = Number(this.now - host.countedAt) / 1e6;
    if (this.#windowEnd(host.countedAt) !== this.#windowEnd()) host.held = 0;
    host.countedAt = this.now;
    const { kind } = this.#options;
    const share = Number(this.#shareOf(host)) / (kind === 'rate' ? 1e6 : 1);
    if (kind === 'concurrency') {
      this.#holdUpTo(host, Math.min(host.wanted, share));
      host.used = Math.max(host.used, host.held);
      host.refused = Math.max(0, host.wanted - share);
      return;
    }
    const asked = host.wanted * seconds;
    const room = kind === 'rate' ? share * seconds : Math.max(0, share - host.held);
    const passed = Math.min(asked, room);
    host.used += passed;
    if (kind === 'consumable') host.held += passed;
    host.refused += asked - passed;
  }

  /** Permits that are too many come back when their requests are over. */
  #holdUpTo(host: FleetHost, permits: number): void {
    if (permits >= host.held) {
      host.held = permits;
      return;
    }
    this.#after(BigInt(Math.round(this.random() * REQUEST_MS)) * MS, () => {
      host.held = Math.min(host.held, Math.max(permits, Number(this.#shareOf(host))));
    });
  }

  #reportAgainAndAgain(host: FleetHost): void {
    if (host.isGone) return;
    const refresh = Number(this.#times.refreshMicros);
    this.#after(BigInt(Math.round(refresh * (0.8 + this.random() * 0.2))), () => {
      this.#report(host);
      this.#reportAgainAndAgain(host);
    });
  }

  #reportIfItMatters(host: FleetHost): void {
    const share = Number(this.#shareOf(host)) / (this.#options.kind === 'rate' ? 1e6 : 1);
    const isRefusing = host.wanted > share && this.#options.kind !== 'consumable';
    if (!this.#isChanged(host) && (!isRefusing || host.didReportRefusal)) return;
    const soonest = host.reportedAt + SECOND;
    const wait = soonest > this.now ? soonest - this.now : 50n * MS;
    this.#after(wait, () => this.#report(host));
  }

  /** By a fifth. */
  #isChanged({ wanted, reportedWanted }: FleetHost): boolean {
    return Math.abs(wanted - reportedWanted) >= reportedWanted / 5;
  }

  #report(host: FleetHost): void {
    if (host.isGone || host.reportedAt === this.now) return;
    this.#count(host);
    const lease = host.lease;
    const isOver = lease === null || (lease.windowEnd ?? lease.until + host.behind) <= this.now;
    const { kind } = this.#options;
    const demand = {
      ...{ holder: host.id, hostId: host.id, weight: 1, reportedAt: this.now - host.behind },
      used: BigInt(Math.round(host.used)),
      refused: BigInt(Math.round(host.refused)),
      intervalMicros: this.now - host.intervalFrom,
      held: kind === 'rate' ? 0n : BigInt(Math.ceil(host.held)),
      windowEnd: this.#windowEnd(),
      lease: isOver ? null : lease,
    };
    host.reportedAt = this.now;
    host.intervalFrom = this.now;
    host.reportedWanted = host.wanted;
    host.didReportRefusal = demand.refused > 0n;
    host.used = kind === 'concurrency' ? host.held : 0;
    host.refused = 0;
    if (this.now < host.cutUntil) return;
    this.#after(this.#delay(), () => {
      if (this.#book === null || this.now < host.cutUntil) return;
      if (this.#book.hear(demand, this.#limit(), this.now)) this.#soon();
    });
  }

  /** Messages of one host overtake each other now and then. */
  #delay(): bigint {
    const [least, most] = DELAY_MS;
    return BigInt(Math.round(least + this.random() * (most - least))) * MS;
  }

  #soon(): void {
    if (this.#isRoundDue) return;
    this.#isRoundDue = true;
    this.#after(GATHER, () => {
      this.#isRoundDue = false;
      this.#round();
    });
  }

  #look(): void {
    this.#round();
    this.#after(LOOK, () => this.#look());
  }

  #round(): void {
    if (this.#book === null) return;
    for (const grant of this.#book.grants(this.#limit(), this.now).grants) {
      this.#topic.push(grant);
      this.#after(this.#delay(), () => this.#receive(grant));
    }
  }

  #receive(grant: GrantedShare): void {
    const host = this.hosts.find(({ id }) => id === grant.holder);
    if (host === undefined || host.isGone || this.now < host.cutUntil) return;
    if (host.lease !== null && host.lease.sequence >= grant.sequence) return;
    if (grant.windowEnd !== this.#windowEnd()) return;
    this.#count(host);
    const before = this.#shareOf(host);
    host.lease = grant;
    this.#count(host);
    // Without another lease it stops by itself when this one is over.
    this.#after(grant.until + host.behind - this.now, () => this.#count(host));
    if (grant.share < before) this.#after(50n * MS, () => this.#report(host));
    else this.#reportIfItMatters(host);
  }

  #limit(): SharedLimit {
    return { kind: this.#options.kind, total: this.limit, windowEnd: this.#windowEnd() };
  }

  #windowEnd(at = this.now): bigint | null {
    return this.#options.kind === 'consumable' ? at - (at % WINDOW) + WINDOW : null;
  }

  #after(micros: bigint, act: () => void): void {
    const at = this.now + (micros > 0n ? micros : 1n);
    let index = this.#due.length;
    while (index > 0 && (this.#due[index - 1]?.at ?? 0n) > at) index -= 1;
    this.#due.splice(index, 0, { at, act });
  }

  #next(end: bigint): Due | null {
    const first = this.#due[0];
    if (first === undefined || first.at > end) return null;
    this.#due.shift();
    return first;
  }
}
