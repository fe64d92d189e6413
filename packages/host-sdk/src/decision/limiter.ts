import type { UsageMeters } from '../usage/usageMeters.ts';
import { DecisionRecord } from './decisionRecord.ts';
import type { HostTime } from './hostClock.ts';
import { QuotaPath } from './quotaPath.ts';
import type { PathLimit, PathResource, TrialLimit } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';
import { PermitLedger } from './permit.ts';
import { ChargedReservation } from './reservation.ts';
import type { Reservation } from './reservation.ts';
import type { RuleTable } from './ruleTable.ts';
import { giveBackOne } from './slotChoice.ts';
import { ALLOW, DELAY, isAdmitted, NEVER, REFUSE, SHADOW_REFUSE } from './verdict.ts';
import type { LastDecision, Reason, Verdict } from './verdict.ts';
import { WaitingLine } from './waitingLine.ts';

export interface LimiterCounters {
  /** Decisions by verdict code. */
  readonly byVerdict: Float64Array;
  /** Let through because no rule speaks of the resource there. */
  ungoverned: number;
  /** Decided by `whenNoRules`, for want of a whole set of rules. */
  withoutRules: number;
  /** Let through, or refused, by another word than a confirmed rule's: see `LastDecision.degraded`. */
  degradedAllows: number;
  degradedRefusals: number;
  /** `take` on a concurrency limit or `acquire` on a rate: decided as though there were none. */
  misused: number;
  /** `release` of a permit that was not out. */
  unmatchedReleases: number;
  /** Permits that nobody gave back in time, or could give back any more. */
  reclaimedPermits: number;
}

export interface LimiterOptions {
  readonly table: RuleTable;
  readonly time: HostTime;
  readonly meters: UsageMeters;
  /** What holds, where no rule speaks, while the host has never had a whole set. */
  readonly whenNoRules: 'open' | 'closed';
  /** How long a permit that is an object may be out. Default ten minutes. */
  readonly permitLifeMicros?: number;
}

/**
 * Decides. Every limit on the path that speaks of the resource must have room, and then all of them
 * are charged; a limit over which a request goes on all the same (degrade, mark, shadow) is not
 * charged, so that it never runs into debt. Nothing here waits, throws for a refusal, or makes an
 * object. An entry is what the path says about the resource, as far as `isCurrent`, with the
 * slots of keyed limits selected.
 */
export class Limiter {
  readonly #byVerdict = new Float64Array(6);
  readonly counters: LimiterCounters = {
    byVerdict: this.#byVerdict,
    ungoverned: 0,
    withoutRules: 0,
    degradedAllows: 0,
    degradedRefusals: 0,
    misused: 0,
    unmatchedReleases: 0,
    reclaimedPermits: 0,
  };
  /** Permits out as objects. */
  readonly permits = new PermitLedger((units) => (this.counters.reclaimedPermits += units));
  /** Those who wait for their turn. */
  readonly waiting: WaitingLine;
  readonly #last = new DecisionRecord();
  readonly #table: RuleTable;
  readonly #time: HostTime;
  readonly #moment: Float64Array;
  readonly #meters: UsageMeters;
  readonly #whenNoRules: 'open' | 'closed';
  readonly permitLifeMicros: number;
  readonly #paths = new Map<string, QuotaPath>();
  /** [0]: how long the limit asked last wants the request to wait, microseconds or NEVER. */
  readonly #wait = new Float64Array(1);
  /** [0]: when the rules in force become stale, on the monotonic clock. */
  readonly #stale = new Float64Array([Infinity]);

  constructor(options: LimiterOptions) {
    this.#table = options.table;
    this.#time = options.time;
    this.#moment = options.time.moment;
    this.#meters = options.meters;
    this.#whenNoRules = options.whenNoRules;
    this.waiting = new WaitingLine(options.time);
    this.permitLifeMicros = options.permitLifeMicros ?? PERMIT_LIFE_MICROS;
  }

  get last(): LastDecision {
    return this.#last;
  }

  /** The host turned a request away before any quota was asked. */
  overloaded(retryAfterMicros: number): void {
    this.#time.tick();
    this.#last.overloaded(retryAfterMicros, this.#moment);
  }

  get staleAt(): number {
    return this.#stale[0] ?? Infinity;
  }

  set staleAt(atMicros: number) {
    this.#stale[0] = atMicros;
  }

  /** The rules were confirmed, and are stale from `staleAt` on unless they are again. */
  confirmed(atMicros: number, staleAt: number): void {
    this.#last.confirmedAt(atMicros);
    this.staleAt = staleAt;
  }

  /** The path of a quota; shared by all who name it while there is room to remember it. */
  pathTo(quotaId: string): QuotaPath {
    let path = this.#paths.get(quotaId);
    if (path === undefined) {
      path = new QuotaPath(quotaId, this.#table, this.#meters, this.#moment);
      this.#time.now();
      path.refresh();
      if (this.#paths.size < PATHS_MAX) this.#paths.set(quotaId, path);
    }
    return path;
  }

  /** Sets the moment of the next decision. */
  tick(): void {
    this.#time.tick();
  }

  /** Sets the moment of the next decision, and says whether the limits are still those of the entry. */
  isCurrent(entry: PathResource): boolean {
    this.#time.tick();
    return entry.generation === this.#table.generation && (this.#moment[0] ?? 0) < entry.goodUntil;
  }

  take(entry: PathResource, cost: number, delayed: boolean): Verdict {
    checkAmount(cost);
    const only = entry.onlyAmount;
    if (only === null || this.#isStale()) return this.#takeFromAll(entry, cost, delayed);
    if (only.state.take(only.slot, cost, this.#wait)) {
      this.#allow(entry, false);
      entry.meter?.take(cost, delayed, this.#moment);
      return ALLOW;
    }
    if (only.rule.isPlain && this.#refusesPlainly(entry, cost)) return REFUSE;
    return this.#takeCarefully(entry, cost, delayed);
  }

  acquire(entry: PathResource, units: number, delayed: boolean): Verdict {
    checkAmount(units);
    const limits = entry.permits;
    if (this.#isStale() || !haveRoom(limits, units)) {
      return this.#acquireCarefully(entry, units, delayed);
    }
    this.#allow(entry, true);
    if (entry.trials.length > 0) this.#tryOut(entry, units);
    entry.path.hold(entry, units, delayed);
    return ALLOW;
  }

  /** As `take`, for an estimate that is settled later; makes an object. */
  reserve(
    entry: PathResource,
    asker: { readonly attributes: Attributes; readonly key: string },
    estimate: number,
  ): Reservation {
    checkAmount(estimate);
    const verdict = this.#takeCarefully(entry, estimate, false);
    return new ChargedReservation(entry, verdict, estimate, asker, {
      atMicros: this.#last.atMicros,
      tick: () => this.#time.tick(),
    });
  }

  release(entry: PathResource, attributes: Attributes, key: string, units: number): void {
    entry.path.hold(entry, -units, false);
    for (const limit of entry.permits) {
      if (limit.keys !== null) giveBackOne(limit, attributes, key, units);
    }
  }

  /** What `take` or `acquire` would say, without taking, counting or charging anything. */
  peek(entry: PathResource, cost: number): Verdict {
    checkAmount(cost);
    const isOfPermits = entry.permits.length > 0;
    return this.#judge(entry, isOfPermits ? entry.permits : entry.amounts, isOfPermits, cost);
  }

  /** Where nothing is bound that a rule could speak of. */
  decideUnbound(resource: string, cost: number, isCounted: boolean): Verdict {
    checkAmount(cost);
    this.#time.tick();
    const verdict = this.#judgeOnce(null, NO_LIMITS, false, cost);
    this.#last.unboundResource = resource;
    if (isCounted) this.#count(null, verdict);
    return verdict;
  }

  #takeFromAll(entry: PathResource, cost: number, delayed: boolean): Verdict {
    const limits = entry.amounts;
    if (this.#isStale() || !haveRoom(limits, cost)) {
      return this.#takeCarefully(entry, cost, delayed);
    }
    for (let at = 0; at < limits.length; at += 1) {
      const limit = limits[at];
      limit?.state?.charge(limit.slot, cost);
    }
    this.#allow(entry, false);
    if (entry.trials.length > 0) this.#tryOut(entry, cost);
    entry.meter?.take(cost, delayed, this.#moment);
    return ALLOW;
  }

  #takeCarefully(entry: PathResource, cost: number, delayed: boolean): Verdict {
    const limits = entry.amounts;
    const verdict = this.#judge(entry, limits, false, cost);
    if (entry.trials.length > 0 && verdict !== DELAY) this.#tryOut(entry, cost);
    if (isAdmitted(verdict)) {
      for (const limit of limits) if (!limit.lacking) limit.state?.charge(limit.slot, cost);
      entry.meter?.take(cost, delayed, this.#moment);
    } else if (verdict === REFUSE) entry.meter?.refuse(cost);
    if (limits.length === 0 && entry.permits.length > 0) this.counters.misused += 1;
    this.#count(entry, verdict);
    return verdict;
  }

  #acquireCarefully(entry: PathResource, units: number, delayed: boolean): Verdict {
    const limits = entry.permits;
    const verdict = this.#judge(entry, limits, true, units);
    if (entry.trials.length > 0 && verdict !== DELAY) this.#tryOut(entry, units);
    if (isAdmitted(verdict)) entry.path.hold(entry, units, delayed);
    else if (verdict === REFUSE) entry.meter?.refuse(units);
    if (limits.length === 0 && entry.amounts.length > 0) this.counters.misused += 1;
    this.#count(entry, verdict);
    return verdict;
  }

  /**
   * What the limits on trial would say of a request that was decided: all of them have room and are charged, or
   * one would have refused. Permits they count by what is really out.
   */
  #tryOut(entry: PathResource, cost: number): void {
    const { trials } = entry;
    let refusing: TrialLimit | null = null;
    for (let at = 0; at < trials.length; at += 1) {
      const limit = trials[at];
      if (limit === undefined) continue;
      const { figures } = limit;
      figures[TRIED] = (figures[TRIED] ?? 0) + 1;
      limit.lacking = true;
      if (limit.state?.hasRoom(limit.slot, cost) !== false) continue;
      figures[WOULD_REFUSE] = (figures[WOULD_REFUSE] ?? 0) + 1;
      refusing ??= limit;
    }
    this.#last.tried(refusing);
    if (refusing !== null) entry.meter?.refuseOnTrial(cost);
    else chargeTrials(trials, cost);
  }

  #isStale(): boolean {
    return (this.#moment[0] ?? 0) >= (this.#stale[0] ?? 0);
  }

  #allow(entry: PathResource, isOfPermits: boolean): void {
    this.#last.allowed(entry, isOfPermits, this.#moment);
    this.#byVerdict[ALLOW] = (this.#byVerdict[ALLOW] ?? 0) + 1;
  }

  /** Refuses where the one limit has room later, in `#wait`, and its rule and the clock leave no doubt. */
  #refusesPlainly(entry: PathResource, cost: number): boolean {
    const wait = this.#wait;
    if (wait[0] === NEVER || this.#time.mayLagBy(wait)) return false;
    this.#last.refused(entry, wait, this.#moment);
    this.#byVerdict[REFUSE] = (this.#byVerdict[REFUSE] ?? 0) + 1;
    entry.meter?.refuse(cost);
    return true;
  }

  /** Before a request is refused, the clock is read again where it may lag by as long as it takes. */
  #judge(
    entry: PathResource,
    limits: readonly PathLimit[],
    isOfPermits: boolean,
    cost: number,
  ): Verdict {
    const verdict = this.#judgeOnce(entry, limits, isOfPermits, cost);
    if (!this.#last.hasWait || !this.#time.catchUp(this.#last.longestWait)) return verdict;
    return this.#judgeOnce(entry, limits, isOfPermits, cost);
  }

  #judgeOnce(
    entry: PathResource | null,
    limits: readonly PathLimit[],
    isOfPermits: boolean,
    cost: number,
  ): Verdict {
    const last = this.#last;
    const isStale = (this.#moment[0] ?? 0) >= (this.#stale[0] ?? 0);
    const reason = entry?.isGoverned === true ? 'within' : 'no_rule';
    last.begin(entry, isOfPermits, isStale, reason, this.#moment);
    if (this.#isUnknown(entry)) {
      const isClosed = this.#whenNoRules === 'closed';
      this.#wait[0] = NEVER;
      if (isClosed) last.sawWait(this.#wait, true);
      last.decided(isClosed ? REFUSE : ALLOW, 'no_rules', null);
      return last.verdict;
    }
    for (const limit of limits) this.#weigh(limit, cost);
    return last.verdict;
  }

  /** Rules that came before the whole set count; of what they do not speak of, nothing is known. */
  #isUnknown(entry: PathResource | null): boolean {
    return !this.#table.isKnown && entry?.isGoverned !== true;
  }

  /** Asks one limit, and lets it decide when its answer is the strictest so far. */
  #weigh(limit: PathLimit, cost: number): void {
    const { source } = limit.rule;
    limit.lacking = false;
    if (limit.state === null) {
      // Suspended is suspended: neither staleness nor an action that lets requests through opens it.
      limit.lacking = true;
      this.#wait[0] = NEVER;
      this.#object(limit, REFUSE, 'blocked');
      return;
    }
    if (this.#last.stale && source.onStale !== 'hold' && source.onStale !== 'safe_share') {
      limit.lacking = true;
      this.#wait[0] = NEVER;
      if (source.onStale === 'closed') this.#object(limit, REFUSE, 'stale_closed');
      else this.#last.wasOpened = true;
      return;
    }
    if (limit.state.hasRoom(limit.slot, cost)) return;
    limit.lacking = true;
    limit.state.waitFor(limit.slot, cost, this.#wait);
    const isHopeless = this.#wait[0] === NEVER;
    const over = limit.rule.overLimit;
    const verdict = over === DELAY && isHopeless ? REFUSE : over;
    this.#object(limit, verdict, isHopeless ? 'above_limit' : 'over_limit');
  }

  #object(limit: PathLimit, strict: Verdict, reason: Reason): void {
    const last = this.#last;
    const verdict = limit.rule.mode === 'shadow' ? SHADOW_REFUSE : strict;
    last.sawWait(this.#wait, !isAdmitted(verdict));
    if (last.verdict !== ALLOW && verdict >= last.verdict) return;
    last.decided(verdict, reason, limit);
  }

  #count(entry: PathResource | null, verdict: Verdict): void {
    this.#byVerdict[verdict] = (this.#byVerdict[verdict] ?? 0) + 1;
    if (this.#last.degraded) {
      if (isAdmitted(verdict)) this.counters.degradedAllows += 1;
      else this.counters.degradedRefusals += 1;
    }
    if (this.#isUnknown(entry)) this.counters.withoutRules += 1;
    else if (entry === null || !entry.isGoverned) this.counters.ungoverned += 1;
  }
}

/** Longer than requests last that anybody still waits for: ten minutes. */
const PERMIT_LIFE_MICROS = 600_000_000;
const NO_LIMITS: readonly PathLimit[] = [];
/** Where a figure of a limit on trial stands. */
const TRIED = 0;
const WOULD_REFUSE = 1;
/** Paths remembered, about 2 KB each; a handle beyond them has one of its own. */
const PATHS_MAX = 100_000;

/** Whether limits are in force, none blocks, and all have room: nothing else is to be weighed then. */
function haveRoom(limits: readonly PathLimit[], cost: number): boolean {
  for (let at = 0; at < limits.length; at += 1) {
    const limit = limits[at];
    if (limit?.state?.hasRoom(limit.slot, cost) !== true) return false;
  }
  return limits.length > 0;
}

function chargeTrials(trials: readonly TrialLimit[], cost: number): void {
  for (let at = 0; at < trials.length; at += 1) {
    const limit = trials[at];
    if (limit === undefined || limit.isOfPermits) continue;
    limit.lacking = false;
    limit.state?.charge(limit.slot, cost);
  }
}

function checkAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new RangeError(`An amount is a whole number from 0 to 2^53-1, not ${amount}.`);
  }
}
