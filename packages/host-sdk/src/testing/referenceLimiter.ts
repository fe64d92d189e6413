import type { ResourceLimit, Rule } from '@prorata/schemas';

export type ReferenceVerdict = 'allow' | 'refuse' | 'delay' | 'degrade' | 'mark' | 'shadow_refuse';

export interface ReferenceDecision {
  readonly verdict: ReferenceVerdict;
  /** The quota whose limit decided; the one asked for when all had room. */
  readonly quotaId: string;
  /** Microseconds until there may be room; null when waiting does not help. 0 when let through. */
  readonly retryAfterMicros: bigint | null;
}

/** What a limit holds: `level / per` units of a bucket, or what was used until `windowEnd`. */
type Held =
  | { kind: 'rate'; limit: ResourceLimit; level: bigint; at: bigint; frozen: boolean }
  | { kind: 'sliding'; limit: ResourceLimit; entries: readonly Entry[] }
  | { kind: 'consumable'; limit: ResourceLimit; used: bigint; windowEnd: bigint };

/** What was taken within an eighth of a sliding window: it is free again a window after the last of it. */
interface Entry {
  readonly began: bigint;
  readonly last: bigint;
  readonly amount: bigint;
}

interface Node {
  rule: Rule;
  limits: readonly ResourceLimit[];
  /** When `rule.after` takes over; null: it has, or there is none. */
  switchAt: bigint | null;
  held: Map<string, Held>;
}

const strictness: readonly ReferenceVerdict[] = [
  'refuse',
  'delay',
  'degrade',
  'mark',
  'shadow_refuse',
  'allow',
];
/** A permit comes back whenever it does: the SDK asks again after 10 ms. */
const PERMIT_RETRY_MICROS = 10_000n;

/**
 * What a host must decide, written to be read: exact rationals over bigint, no index, no cache, one
 * timeline. The SDK is checked against it decision by decision, and so can any recorded traffic be.
 * Times are microseconds and never go back; costs are base units.
 */
export class ReferenceLimiter {
  isStale = false;
  readonly #nodes = new Map<string, Node>();
  readonly #permits = new Map<string, bigint>();

  setRule(rule: Rule, at: bigint): void {
    const present = this.#nodes.get(rule.quotaId);
    if (present !== undefined && present.rule.eventOffset > rule.eventOffset) return;
    this.#switchDue(at);
    const node = present ?? { rule, limits: [], switchAt: null, held: new Map<string, Held>() };
    const isOver = rule.after !== null && rule.after.at <= at;
    node.rule = rule;
    node.switchAt = rule.after === null || isOver ? null : rule.after.at;
    this.#nodes.set(rule.quotaId, node);
    enforce(node, isOver ? rule.after.limits : rule.limits, at);
  }

  removeRule(quotaId: string): void {
    this.#nodes.delete(quotaId);
  }

  take(quotaId: string, resource: string, cost: bigint, at: bigint): ReferenceDecision {
    return this.#decide(quotaId, resource, cost, at, ['rate', 'consumable']);
  }

  acquire(quotaId: string, resource: string, units: bigint, at: bigint): ReferenceDecision {
    const decision = this.#decide(quotaId, resource, units, at, ['concurrency']);
    if (decision.verdict !== 'refuse' && decision.verdict !== 'delay') {
      this.#addPermits(quotaId, resource, units);
    }
    return decision;
  }

  release(quotaId: string, resource: string, units: bigint): void {
    this.#addPermits(quotaId, resource, -units);
  }

  #addPermits(quotaId: string, resource: string, units: bigint): void {
    for (const id of upwards(quotaId)) {
      const key = `${id} ${resource}`;
      this.#permits.set(key, (this.#permits.get(key) ?? 0n) + units);
    }
  }

  #decide(
    quotaId: string,
    resource: string,
    cost: bigint,
    at: bigint,
    kinds: readonly ResourceLimit['kind'][],
  ): ReferenceDecision {
    this.#switchDue(at);
    let decision: ReferenceDecision = { verdict: 'allow', quotaId, retryAfterMicros: 0n };
    const charges: (() => void)[] = [];
    for (const id of upwards(quotaId)) {
      const node = this.#nodes.get(id);
      const limit = node?.limits.find((candidate) => candidate.resource === resource);
      if (node === undefined || limit === undefined || !kinds.includes(limit.kind)) continue;
      if (node.rule.mode === 'off' || limit.bound === 'unlimited') continue;
      const answer = this.#ask(node, limit, cost, at);
      if (answer === 'room') charges.push(() => charge(node, limit, cost, at));
      else if (answer !== 'open') decision = stricter(decision, answer);
    }
    if (decision.verdict !== 'refuse' && decision.verdict !== 'delay') {
      for (const apply of charges) apply();
    }
    return decision;
  }

  #ask(
    node: Node,
    limit: ResourceLimit,
    cost: bigint,
    at: bigint,
  ): 'room' | 'open' | ReferenceDecision {
    const { rule } = node;
    const isBlocked = limit.bound === 'blocked';
    if (!isBlocked && this.isStale && rule.onStale === 'open') return 'open';
    const isClosed = this.isStale && rule.onStale === 'closed';
    const wait =
      isClosed || isBlocked
        ? null
        : limit.kind === 'concurrency'
          ? this.#permitWait(rule.quotaId, limit, cost)
          : waitFor(node.held.get(limit.resource), cost, at);
    if (wait === 0n) return 'room';
    const { quotaId } = rule;
    if (rule.mode === 'shadow') return { verdict: 'shadow_refuse', quotaId, retryAfterMicros: 0n };
    const isHopeless = isClosed || isBlocked;
    const verdict =
      isHopeless || (rule.action === 'delay' && wait === null) ? 'refuse' : rule.action;
    const isLetThrough = verdict === 'degrade' || verdict === 'mark';
    return { verdict, quotaId, retryAfterMicros: isLetThrough ? 0n : wait };
  }

  #permitWait(quotaId: string, limit: ResourceLimit, units: bigint): bigint | null {
    if (units > limit.amount) return null;
    const inUse = this.#permits.get(`${quotaId} ${limit.resource}`) ?? 0n;
    return inUse + units <= limit.amount ? 0n : PERMIT_RETRY_MICROS;
  }

  #switchDue(at: bigint): void {
    for (const node of this.#nodes.values()) {
      if (node.switchAt === null || node.switchAt > at) continue;
      const since = node.switchAt;
      node.switchAt = null;
      enforce(node, node.rule.after?.limits ?? [], since);
    }
  }
}

/** The quota and those above it, nearest first. */
function upwards(quotaId: string): string[] {
  const ids: string[] = [];
  for (let id = quotaId; id.includes('/'); id = id.slice(0, id.lastIndexOf('/'))) ids.push(id);
  return ids;
}

function stricter(a: ReferenceDecision, b: ReferenceDecision): ReferenceDecision {
  const isLonger =
    b.retryAfterMicros === null ||
    (a.retryAfterMicros !== null && b.retryAfterMicros > a.retryAfterMicros);
  const retryAfterMicros = isLonger ? b.retryAfterMicros : a.retryAfterMicros;
  const winner = strictness.indexOf(b.verdict) < strictness.indexOf(a.verdict) ? b : a;
  return { ...winner, retryAfterMicros };
}

/** Puts limits in force at a moment; a limit that stays keeps what it holds. */
function enforce(node: Node, limits: readonly ResourceLimit[], at: bigint): void {
  const before = node.held;
  node.limits = limits;
  node.held = new Map();
  for (const limit of limits) {
    const held = before.get(limit.resource);
    const kind = kindOf(node.rule, limit);
    const kept = held?.kind === kind ? held : undefined;
    if (limit.bound === 'unlimited') continue;
    if (limit.bound === 'blocked') {
      if (kept === undefined) continue;
      if (kept.kind === 'rate' && !kept.frozen) {
        refill(kept, at);
        kept.frozen = true;
      }
      node.held.set(limit.resource, kept);
    } else if (kind === 'sliding') {
      node.held.set(limit.resource, changedSliding(held, limit, at));
    } else if (limit.kind === 'rate') {
      const rate = changedRate(kept, limit, at);
      node.held.set(limit.resource, held?.kind === 'sliding' ? { ...rate, level: 0n } : rate);
    } else if (limit.kind === 'consumable') {
      node.held.set(limit.resource, changedConsumable(kept, limit, at));
    }
  }
}

const kindOf = (rule: Rule, limit: ResourceLimit): Held['kind'] | 'concurrency' | 'capacity' =>
  limit.kind === 'rate' && rule.requests?.counting === 'sliding_window' ? 'sliding' : limit.kind;

const perOf = (limit: ResourceLimit): bigint => limit.perMicros ?? 1_000_000n;
const burstOf = (limit: ResourceLimit): bigint => limit.burst ?? limit.amount;
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * A change hands out nothing: what was saved up stays, rounded down to the new limit's smallest step
 * (1 / (per / gcd(amount, per)) of a unit) and cut to the new burst.
 */
function changedRate(
  held: Held | undefined,
  limit: ResourceLimit,
  at: bigint,
): Held & { kind: 'rate' } {
  const per = perOf(limit);
  const full = burstOf(limit) * per;
  if (held?.kind !== 'rate') return { kind: 'rate', limit, level: full, at, frozen: false };
  if (!held.frozen) refill(held, at);
  const steps = per / gcd(limit.amount, per);
  const carried = ((held.level * steps) / perOf(held.limit)) * (per / steps);
  return { kind: 'rate', limit, level: smaller(carried, full), at, frozen: false };
}

/** What was taken stays counted. Of what a bucket counted nothing is known: it hands out nothing here. */
function changedSliding(held: Held | undefined, limit: ResourceLimit, at: bigint): Held {
  if (held?.kind === 'sliding') return { ...held, limit, entries: liveAt(held, at) };
  const all = { began: at, last: at, amount: limit.amount };
  return { kind: 'sliding', limit, entries: held?.kind === 'rate' ? [all] : [] };
}

/** Those that still count. */
const liveAt = ({ limit, entries }: Held & { kind: 'sliding' }, at: bigint): readonly Entry[] =>
  entries.filter(({ last }) => last + perOf(limit) > at);

const sumOf = (entries: readonly Entry[]): bigint =>
  entries.reduce((sum, { amount }) => sum + amount, 0n);

function slidingWait(held: Held & { kind: 'sliding' }, cost: bigint, at: bigint): bigint | null {
  if (cost > held.limit.amount) return null;
  const live = liveAt(held, at);
  const fitsWithout = (gone: number): boolean =>
    cost + sumOf(live.slice(gone)) <= held.limit.amount;
  let gone = 0;
  while (!fitsWithout(gone)) gone += 1;
  const last = live[gone - 1]?.last;
  return last === undefined ? 0n : last + perOf(held.limit) - at;
}

/** Nine entries at most: after a change to a longer window the newest takes in what has no place. */
function entered(held: Held & { kind: 'sliding' }, cost: bigint, at: bigint): readonly Entry[] {
  const live = liveAt(held, at);
  const newest = live.at(-1);
  const isApart = newest !== undefined && (at - newest.began) * 8n >= perOf(held.limit);
  if (newest === undefined || (isApart && live.length < 9)) {
    return [...live, { began: at, last: at, amount: cost }];
  }
  return [...live.slice(0, -1), { ...newest, last: at, amount: newest.amount + cost }];
}

function refill(held: Held & { kind: 'rate' }, at: bigint): void {
  const { limit } = held;
  const gained = held.level + (at - held.at) * limit.amount;
  held.level = smaller(gained, burstOf(limit) * perOf(limit));
  held.at = at;
}

function changedConsumable(held: Held | undefined, limit: ResourceLimit, at: bigint): Held {
  if (held?.kind !== 'consumable') {
    return { kind: 'consumable', limit, used: 0n, windowEnd: windowEndAfter(limit, at) };
  }
  roll(held, at);
  const isSame = held.limit.window === limit.window;
  return { ...held, limit, windowEnd: isSame ? held.windowEnd : windowEndAfter(limit, at) };
}

function roll(held: Held & { kind: 'consumable' }, at: bigint): void {
  if (at < held.windowEnd) return;
  held.windowEnd = windowEndAfter(held.limit, at);
  held.used = 0n;
}

/** The end of the window that holds the moment: aligned to the epoch, days of 24 hours, UTC. */
function windowEndAfter(limit: ResourceLimit, at: bigint): bigint {
  const unit = /^PT?(\d+)([WDHMS])$/.exec(limit.window ?? '');
  const isTime = limit.window?.startsWith('PT') === true;
  if (unit === null || (unit[2] === 'M' && !isTime)) {
    throw new RangeError(`The reference knows no window ${limit.window ?? ''}.`);
  }
  const seconds = { W: 604_800n, D: 86_400n, H: 3_600n, M: 60n, S: 1n }[unit[2] ?? 'S'] ?? 1n;
  const length = BigInt(unit[1] ?? '1') * seconds * 1_000_000n;
  return (at / length + 1n) * length;
}

/** 0: there is room. null: there will never be. */
function waitFor(held: Held | undefined, cost: bigint, at: bigint): bigint | null {
  if (held === undefined) return 0n;
  if (held.kind === 'consumable') {
    if (cost > held.limit.amount) return null;
    roll(held, at);
    return held.used + cost <= held.limit.amount ? 0n : held.windowEnd - at;
  }
  if (held.kind === 'sliding') return slidingWait(held, cost, at);
  const { limit } = held;
  if (cost > burstOf(limit)) return null;
  refill(held, at);
  const missing = cost * perOf(limit) - held.level;
  if (missing <= 0n) return 0n;
  if (limit.amount === 0n) return null;
  return (missing + limit.amount - 1n) / limit.amount;
}

function charge(node: Node, limit: ResourceLimit, cost: bigint, at: bigint): void {
  const held = node.held.get(limit.resource);
  if (held?.kind === 'sliding') held.entries = entered(held, cost, at);
  if (held?.kind === 'rate') held.level -= cost * perOf(limit);
  if (held?.kind === 'consumable') held.used += cost;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
