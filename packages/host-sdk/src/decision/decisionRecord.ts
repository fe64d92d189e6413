import { rolloutOf } from './hostRollouts.ts';
import { OVERFLOW_SLOT } from './keySlots.ts';
import type { PathLimit, PathResource, TrialLimit } from './quotaPath.ts';
import { ALLOW, isAdmitted, NEVER, REFUSE, verdictNames } from './verdict.ts';
import type { LastDecision, Outcome, Reason, Verdict } from './verdict.ts';

/** Where a figure of the record stands: numbers this large in fields of their own can be objects. */
const AT = 0;
const RETRY = 1;
const CONFIRMED_AT = 2;

/** What kind of decision is recorded: of the plain ones less is written down, for all else follows. */
const ALLOWED = 0;
const REFUSED = 1;
const JUDGED = 2;

/**
 * What a decision leaves behind: pointers and a few numbers. Whoever wants to know more than the
 * verdict reads it from what they point to, so that a decision that nobody asks about costs no more.
 */
export class DecisionRecord implements LastDecision {
  /** null: nothing was bound, so no rule could speak. */
  entry: PathResource | null = null;
  /** What was asked for while nothing was bound. */
  unboundResource = '';
  #stale = false;
  /** Whether staleness let a limit go unasked. */
  wasOpened = false;
  #kind: typeof ALLOWED | typeof REFUSED | typeof JUDGED = JUDGED;
  #verdict: Verdict = ALLOW;
  #reason: Reason = 'no_rules';
  #isOfPermits = false;
  /** Of an entry with limits on trial: the one that would have refused. */
  #trial: TrialLimit | null = null;
  /** The limit that decided; null: all had room. */
  #limit: PathLimit | null = null;
  readonly #figures = new Float64Array([0, 0, -Infinity]);
  /** [0]: the longest that one of the limits asks to wait, whatever came of it. */
  readonly longestWait = new Float64Array(1);

  /** The way of nearly all decisions: all limits had room, by confirmed rules. */
  allowed(entry: PathResource, isOfPermits: boolean, moment: Float64Array): void {
    this.#kind = ALLOWED;
    this.#isOfPermits = isOfPermits;
    this.entry = entry;
    this.#figures[AT] = moment[0] ?? 0;
  }

  /** Nearly all others: the only limit had no room for now, and its rule refuses. */
  refused(entry: PathResource, wait: Float64Array, moment: Float64Array): void {
    this.#kind = REFUSED;
    this.#isOfPermits = false;
    this.entry = entry;
    this.#figures[AT] = moment[0] ?? 0;
    this.#figures[RETRY] = wait[0] ?? 0;
  }

  /** A decision begins as one that all limits have room for. */
  begin(
    entry: PathResource | null,
    isOfPermits: boolean,
    isStale: boolean,
    reason: Reason,
    moment: Float64Array,
  ): void {
    this.#kind = JUDGED;
    this.#verdict = ALLOW;
    this.#reason = reason;
    this.#isOfPermits = isOfPermits;
    this.entry = entry;
    this.#limit = null;
    this.#trial = null;
    this.#stale = isStale;
    this.wasOpened = false;
    this.#figures[AT] = moment[0] ?? 0;
    this.#figures[RETRY] = 0;
    this.longestWait[0] = 0;
  }

  /** The host has too much to do, and no quota was asked. */
  overloaded(retryAfterMicros: number, moment: Float64Array): void {
    this.begin(null, false, false, 'overloaded', moment);
    this.unboundResource = '';
    this.#verdict = REFUSE;
    this.#figures[RETRY] = retryAfterMicros;
  }

  /** Of every decision by an entry with limits on trial. @param limit null: none would have refused */
  tried(limit: TrialLimit | null): void {
    this.#trial = limit;
  }

  /** One limit decides, until another does. */
  decided(verdict: Verdict, reason: Reason, limit: PathLimit | null): void {
    this.#verdict = verdict;
    this.#reason = reason;
    this.#limit = limit;
  }

  /** The longest wait counts, and NEVER outlasts every other. */
  sawWait(wait: Float64Array, isRefused: boolean): void {
    const figures = this.#figures;
    const micros = wait[0] ?? 0;
    if (micros > (this.longestWait[0] ?? 0)) this.longestWait[0] = micros;
    if (!isRefused || figures[RETRY] === NEVER) return;
    if (micros === NEVER || micros > (figures[RETRY] ?? 0)) figures[RETRY] = micros;
  }

  /** Whether time alone could have made the decision another one. */
  get hasWait(): boolean {
    return (this.longestWait[0] ?? 0) > 0;
  }

  confirmedAt(atMicros: number): void {
    this.#figures[CONFIRMED_AT] = atMicros;
  }

  get verdict(): Verdict {
    if (this.#kind === JUDGED) return this.#verdict;
    return this.#kind === ALLOWED ? ALLOW : REFUSE;
  }

  get stale(): boolean {
    return this.#kind === JUDGED && this.#stale;
  }

  get reason(): Reason {
    if (this.#kind === JUDGED) return this.#reason;
    return this.#kind === ALLOWED ? 'within' : 'over_limit';
  }

  get quotaId(): string | null {
    return this.#decider?.quotaId ?? this.entry?.path.quotaId ?? null;
  }

  get resource(): string {
    return this.entry?.resource ?? this.unboundResource;
  }

  get ruleVersion(): bigint | null {
    return this.#asked?.rule.source.quotaVersion ?? null;
  }

  get eventOffset(): bigint | null {
    return this.#asked?.rule.source.eventOffset ?? null;
  }

  get candidateOf(): string | null {
    const rule = this.#asked?.rule;
    return rule === undefined ? null : rolloutOf(rule);
  }

  get trialRefusedBy(): string | null {
    const isOnTrial = (this.entry?.trials.length ?? 0) > 0;
    return isOnTrial ? (this.#trial?.quotaId ?? null) : null;
  }

  get tag(): string | null {
    return this.#decider?.rule.source.degradeTag ?? null;
  }

  get atMicros(): number {
    return this.#figures[AT] ?? 0;
  }

  get retryAfterMicros(): number {
    return this.#kind === ALLOWED ? 0 : (this.#figures[RETRY] ?? 0);
  }

  get unconfirmedMicros(): number {
    return this.atMicros - (this.#figures[CONFIRMED_AT] ?? 0);
  }

  get overflow(): boolean {
    const { keys, slot } = this.#asked ?? NO_KEYS;
    return keys !== null && slot === OVERFLOW_SLOT;
  }

  get outcome(): Outcome {
    if (!this.degraded) return verdictNames[this.verdict];
    return isAdmitted(this.verdict) ? 'degraded_allow' : 'degraded_refuse';
  }

  get degraded(): boolean {
    if (this.overflow || this.#usedSafeShare) return true;
    if (this.#kind !== JUDGED) return false;
    return this.wasOpened || this.#reason === 'stale_closed' || this.#reason === 'no_rules';
  }

  get #decider(): PathLimit | null {
    if (this.#kind === JUDGED) return this.#limit;
    return this.#kind === REFUSED ? (this.#limits?.[0] ?? null) : null;
  }

  get #limits(): readonly PathLimit[] | undefined {
    return this.#isOfPermits ? this.entry?.permits : this.entry?.amounts;
  }

  get #usedSafeShare(): boolean {
    return this.#limits?.some((limit) => limit.isSafeShare) === true;
  }

  /** The limit that decided, or the nearest of those that had room. */
  get #asked(): PathLimit | undefined {
    return this.#decider ?? this.#limits?.[0];
  }
}

const NO_KEYS = { keys: null, slot: OVERFLOW_SLOT };
