import type { UsageMeters } from '../usage/usageMeters.ts';
import type { HostTime } from './hostClock.ts';
import { QuotaPath } from './quotaPath.ts';
import type { PathLimit, PathResource } from './quotaPath.ts';
import type { RuleTable } from './ruleTable.ts';
import {
  ALLOW,
  DELAY,
  isAdmitted,
  NEVER,
  newLastDecision,
  REFUSE,
  SHADOW_REFUSE,
} from './verdict.ts';
import type { Reason, Verdict } from './verdict.ts';

export interface LimiterCounters {
  /** Decisions by verdict code. */
  readonly byVerdict: Float64Array;
  /** Let through because no rule speaks of the resource there. */
  ungoverned: number;
  /** Decided by `whenNoRules`, for want of a whole set of rules. */
  withoutRules: number;
  /** `take` on a concurrency limit or `acquire` on a rate: decided as though there were none. */
  misused: number;
  /** `release` of a permit that was not out. */
  unmatchedReleases: number;
}

export interface LimiterOptions {
  readonly table: RuleTable;
  readonly time: HostTime;
  readonly meters: UsageMeters;
  /** What holds, where no rule speaks, while the host has never had a whole set. */
  readonly whenNoRules: 'open' | 'closed';
}

/** The longest wait so far: NEVER outlasts every other. */
const longer = (a: number, b: number): number =>
  a === NEVER || b === NEVER ? NEVER : Math.max(a, b);

/**
 * Decides. Every limit on the path that speaks of the resource must have room, and then all of them
 * are charged; a limit over which a request goes on all the same (degrade, mark, shadow) is not
 * charged, so that it never runs into debt. Nothing here waits, throws for a refusal, or makes an object.
 */
export class Limiter {
  readonly last = newLastDecision();
  readonly counters: LimiterCounters = {
    byVerdict: new Float64Array(6),
    ungoverned: 0,
    withoutRules: 0,
    misused: 0,
    unmatchedReleases: 0,
  };
  /** When the rules in force become stale, on the monotonic clock. */
  staleAt = Infinity;
  readonly #table: RuleTable;
  readonly #time: HostTime;
  readonly #meters: UsageMeters;
  readonly #whenNoRules: 'open' | 'closed';
  readonly #paths = new Map<string, QuotaPath>();

  constructor(options: LimiterOptions) {
    this.#table = options.table;
    this.#time = options.time;
    this.#meters = options.meters;
    this.#whenNoRules = options.whenNoRules;
  }

  /** The path of a quota; shared by all who name it while there is room to remember it. */
  pathTo(quotaId: string): QuotaPath {
    let path = this.#paths.get(quotaId);
    if (path === undefined) {
      path = new QuotaPath(quotaId, this.#table, this.#meters);
      path.refresh(this.#time.now());
      if (this.#paths.size < PATHS_MAX) this.#paths.set(quotaId, path);
    }
    return path;
  }

  take(path: QuotaPath | null, resource: string, cost: number, delayed: boolean): Verdict {
    checkAmount(cost);
    const now = this.#time.now();
    const entry = path === null ? null : path.at(resource, now);
    const limits = entry === null ? NO_LIMITS : entry.amounts;
    if (limits.length === 0 && entry !== null && entry.permits.length > 0)
      this.counters.misused += 1;
    const verdict = this.#judge(path, entry, limits, resource, cost, now);
    if (isAdmitted(verdict)) {
      for (const limit of limits) if (!limit.lacking) limit.charged?.charge(cost);
      entry?.meter?.take(cost, delayed, now);
    } else if (verdict === REFUSE) entry?.meter?.refuse(cost);
    this.#count(entry, verdict);
    return verdict;
  }

  acquire(path: QuotaPath | null, resource: string, units: number, delayed: boolean): Verdict {
    checkAmount(units);
    const now = this.#time.now();
    const entry = path === null ? null : path.at(resource, now);
    const limits = entry === null ? NO_LIMITS : entry.permits;
    if (limits.length === 0 && entry !== null && entry.amounts.length > 0)
      this.counters.misused += 1;
    const verdict = this.#judge(path, entry, limits, resource, units, now);
    if (entry !== null && isAdmitted(verdict)) path?.hold(entry, units, delayed, now);
    else if (verdict === REFUSE) entry?.meter?.refuse(units);
    this.#count(entry, verdict);
    return verdict;
  }

  release(path: QuotaPath, resource: string, units: number): void {
    const now = this.#time.now();
    path.hold(path.at(resource, now), -units, false, now);
  }

  /** What `take` or `acquire` would say, without taking, counting or charging anything. */
  peek(path: QuotaPath | null, resource: string, cost: number): Verdict {
    checkAmount(cost);
    const now = this.#time.now();
    const entry = path === null ? null : path.at(resource, now);
    const limits =
      entry === null ? NO_LIMITS : entry.permits.length > 0 ? entry.permits : entry.amounts;
    return this.#judge(path, entry, limits, resource, cost, now);
  }

  #judge(
    path: QuotaPath | null,
    entry: PathResource | null,
    limits: readonly PathLimit[],
    resource: string,
    cost: number,
    now: number,
  ): Verdict {
    const last = this.last;
    last.stale = now >= this.staleAt;
    last.resource = resource;
    last.atMicros = now;
    last.quotaId = path === null ? null : path.quotaId;
    const nearest = limits[0]?.rule.source;
    last.ruleVersion = nearest?.quotaVersion ?? null;
    last.eventOffset = nearest?.eventOffset ?? null;
    last.tag = null;
    last.retryAfterMicros = 0;
    if (this.#isUnknown(entry)) {
      last.reason = 'no_rules';
      last.verdict = this.#whenNoRules === 'closed' ? REFUSE : ALLOW;
      if (last.verdict === REFUSE) last.retryAfterMicros = NEVER;
      return last.verdict;
    }
    last.reason = entry?.isGoverned === true ? 'within' : 'no_rule';
    last.verdict = ALLOW;
    for (const limit of limits) this.#weigh(limit, cost, now);
    return last.verdict;
  }

  /** Rules that came before the whole set count; of what they do not speak of, nothing is known. */
  #isUnknown(entry: PathResource | null): boolean {
    return !this.#table.isKnown && entry?.isGoverned !== true;
  }

  /** Asks one limit, and lets it decide when its answer is the strictest so far. */
  #weigh(limit: PathLimit, cost: number, now: number): void {
    const { source } = limit.rule;
    limit.lacking = false;
    if (limit.state === null) {
      // Suspended is suspended: neither staleness nor an action that lets requests through opens it.
      limit.lacking = true;
      this.#object(limit, REFUSE, NEVER, 'blocked');
      return;
    }
    if (this.last.stale && source.onStale !== 'hold' && source.onStale !== 'safe_share') {
      limit.lacking = true;
      if (source.onStale === 'closed') this.#object(limit, REFUSE, NEVER, 'stale_closed');
      return;
    }
    const wait = limit.state.shortfall(cost, now);
    if (wait === 0) return;
    limit.lacking = true;
    const over = limit.rule.overLimit;
    const verdict = over === DELAY && wait === NEVER ? REFUSE : over;
    this.#object(limit, verdict, wait, wait === NEVER ? 'above_limit' : 'over_limit');
  }

  #object(limit: PathLimit, strict: Verdict, wait: number, reason: Reason): void {
    const { source } = limit.rule;
    const last = this.last;
    const verdict = source.mode === 'shadow' ? SHADOW_REFUSE : strict;
    if (!isAdmitted(verdict)) last.retryAfterMicros = longer(last.retryAfterMicros, wait);
    if (last.verdict !== ALLOW && verdict >= last.verdict) return;
    last.verdict = verdict;
    last.reason = reason;
    last.quotaId = source.quotaId;
    last.ruleVersion = source.quotaVersion;
    last.eventOffset = source.eventOffset;
    last.tag = source.degradeTag;
  }

  #count(entry: PathResource | null, verdict: Verdict): void {
    this.counters.byVerdict[verdict] = (this.counters.byVerdict[verdict] ?? 0) + 1;
    if (this.#isUnknown(entry)) this.counters.withoutRules += 1;
    else if (entry === null || !entry.isGoverned) this.counters.ungoverned += 1;
  }
}

const NO_LIMITS: readonly PathLimit[] = [];
/** Paths remembered, about 2 KB each; a handle beyond them has one of its own. */
const PATHS_MAX = 100_000;

function checkAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new RangeError(`An amount is a whole number from 0 to 2^53-1, not ${amount}.`);
  }
}
