import type { Rule, RuleSource as SourceName } from '@prorata/schemas';
import type { HostTime } from '../decision/hostClock.ts';
import type { RuleTable } from '../decision/ruleTable.ts';
import type { RuleFile, StoredRules } from './ruleFile.ts';
import { TimeSlices } from '../timeSlices.ts';
import type { RuleSet, RuleSink } from './ruleSource.ts';

/** What came into force at one moment: from then on every decision follows it. */
export interface AppliedRules {
  readonly source: SourceName;
  readonly rules: readonly Rule[];
  /** Quotas whose rule went. */
  readonly removed: readonly string[];
  /** The newest event that the rules in force account for; -1n: none. */
  readonly appliedOffset: bigint;
  /** When, on the host's own clock, as `host.last.atMicros` is; and by the wall. */
  readonly atMicros: number;
  readonly wallMicros: number;
}

/** A rule that goes unless it is of a newer event. */
interface Gone {
  readonly quotaId: string;
  readonly upTo: bigint;
}

export type AppliedListener = (applied: AppliedRules) => void;

export interface RulesInForceOptions {
  readonly table: RuleTable;
  readonly time: HostTime;
  readonly source: SourceName;
  readonly file: RuleFile | null;
  /** Told of every sign of life, with its time on the monotonic clock. */
  readonly confirmed: (atMicros: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Larger sets come into force in slices; a smaller one takes a few milliseconds, at one moment. */
const AT_ONCE_MAX = 1_000;
/** Rules between two looks at the clock. */
const RULES_PER_LOOK = 16;

/**
 * Puts into force what the sources say, in memory first and then on disk. What comes while a large set is being
 * put into force waits for it.
 */
export class RulesInForce implements RuleSink {
  source: SourceName | null = null;
  appliedOffset = -1n;
  appliedAt: bigint | null = null;
  /** When a source last said that the rules are what it has, on the monotonic clock. */
  confirmedAt: number | null = null;
  /** Rules not taken: unreadable, or not enforceable. */
  rejected = 0;
  /** Quotas whose newest rule was not taken; each goes with the next one that is, or with its quota. */
  readonly #rejected = new Set<string>();
  /** Rules and deletions older than the rule in force. */
  outdated = 0;
  /** Whether what the present source does not have is gone from here too. */
  #isSwept = false;
  /** What came while a large set is being put into force; null: none is. */
  #behind: (() => Promise<void> | undefined)[] | null = null;
  readonly #options: RulesInForceOptions;
  readonly #listeners = new Set<AppliedListener>();

  constructor(options: RulesInForceOptions) {
    this.#options = options;
  }

  get rejectedQuotas(): number {
    return this.#rejected.size;
  }

  /** Hears of every change from now on. */
  listen(listener: AppliedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears at once what is in force, if there is anything, so that nothing was missed; then as `listen`. */
  hear(listener: AppliedListener): () => void {
    const end = this.listen(listener);
    if (this.source === null) return end;
    const { table, time } = this.#options;
    const atMicros = time.now();
    this.#tellOne(listener, {
      source: this.source,
      rules: table.all(),
      removed: [],
      appliedOffset: this.appliedOffset,
      atMicros,
      wallMicros: time.wallOf(atMicros),
    });
    return end;
  }

  /** Rules from an earlier life of this host: good until a source says better. */
  start({ rules, isComplete, appliedOffset }: StoredRules): void {
    if (isComplete) this.#options.table.isKnown = true;
    this.#putInForce('disk', rules, [], appliedOffset);
  }

  /**
   * Takes what is newer. A rule goes only when the set is whole up to an event after the rule's own,
   * and comes from who is in contact with the log: a relay that is behind, or a topic that was made
   * anew and is half written, would open limits.
   */
  replaceAll(set: RuleSet): void {
    this.#inTurn(() => {
      if (set.rules.length > AT_ONCE_MAX) return this.#replaceInSlices(set);
      this.#replaceAtOnce(set);
      return undefined;
    });
  }

  change(rule: Rule): void {
    this.#inTurn(() => {
      this.#putInForce(this.#options.source, [rule], [], rule.eventOffset);
      this.#confirmNow();
      return undefined;
    });
  }

  remove(quotaId: string, eventOffset: bigint): void {
    this.#inTurn(() => {
      const gone = [{ quotaId, upTo: eventOffset }];
      this.#putInForce(this.#options.source, [], gone, eventOffset);
      this.#confirmNow();
      return undefined;
    });
  }

  complete(completeTo: bigint, quotaIds: ReadonlySet<string>): void {
    const ids = this.#behind === null ? quotaIds : new Set(quotaIds);
    this.#inTurn(() => {
      this.#complete(completeTo, ids);
      this.#confirmNow();
      return undefined;
    });
  }

  #replaceAtOnce({ rules, unreadable, completeTo, isCurrent, appliedOffset }: RuleSet): void {
    const { table, source } = this.#options;
    if (completeTo !== null) table.isKnown = true;
    this.#isSwept = completeTo !== null && isCurrent;
    if (completeTo === null && rules.length === 0) return;
    const stay = new Set([...rules.map((rule) => rule.quotaId), ...unreadable]);
    this.#rejected.clear();
    for (const quotaId of unreadable) this.#rejected.add(quotaId);
    const gone = this.#isSwept && completeTo !== null ? this.#goneBefore(completeTo, stay) : [];
    this.#putInForce(source, rules, gone, appliedOffset);
  }

  /** Rule by rule, each whole; what the set lacks goes last, and only then is the set known. */
  async #replaceInSlices(set: RuleSet): Promise<void> {
    const { rules, unreadable, completeTo, isCurrent, appliedOffset } = set;
    const { table, time, source } = this.#options;
    const slices = new TimeSlices();
    const stay = new Set(unreadable);
    const applied: Rule[] = [];
    this.#rejected.clear();
    for (const quotaId of unreadable) this.#rejected.add(quotaId);
    for (const [index, rule] of rules.entries()) {
      stay.add(rule.quotaId);
      if (this.#put(rule, time.now())) applied.push(rule);
      if (index % RULES_PER_LOOK === 0 && slices.isOver) await slices.rest();
    }
    this.#isSwept = completeTo !== null && isCurrent;
    const removed: string[] = [];
    let looked = 0;
    for (const { quotaId, eventOffset } of table.delivered()) {
      looked += 1;
      if (looked % RULES_PER_LOOK === 0 && slices.isOver) await slices.rest();
      if (!this.#isSwept || completeTo === null) break;
      if (eventOffset >= completeTo || stay.has(quotaId)) continue;
      removed.push(...this.#remove({ quotaId, upTo: completeTo - 1n }, time.now()));
    }
    if (completeTo !== null) table.isKnown = true;
    this.#arePutInForce(source, applied, removed, appliedOffset, time.now());
  }

  #complete(completeTo: bigint, quotaIds: ReadonlySet<string>): void {
    // Once swept, every deletion comes by itself, and a walk over all rules would find nothing.
    if (this.#isSwept) return;
    this.#isSwept = true;
    this.#options.table.isKnown = true;
    const gone = this.#goneBefore(completeTo, quotaIds);
    this.#putInForce(this.#options.source, [], gone, completeTo);
  }

  /** At once, or behind a large set that is being put into force. */
  #inTurn(task: () => Promise<void> | undefined): void {
    if (this.#behind !== null) {
      this.#behind.push(task);
      return;
    }
    const going = task();
    if (going !== undefined) void this.#goOn(going);
  }

  async #goOn(first: Promise<void>): Promise<void> {
    const behind = (this.#behind = []) as (() => Promise<void> | undefined)[];
    const slices = new TimeSlices();
    try {
      await first;
      for (let task = behind.shift(); task !== undefined; task = behind.shift()) {
        await task();
        if (slices.isOver) await slices.rest();
      }
    } catch (error) {
      // Nothing above throws; were it otherwise, the rules behind must not wait for ever.
      this.failed(error);
    }
    this.#behind = null;
  }

  unreadable(quotaId: string): void {
    this.#rejected.add(quotaId);
  }

  /** Behind a large set that is being put into force: until it is, what it cuts may stand as it was. */
  confirm(): void {
    this.#inTurn(() => {
      this.#confirmNow();
      return undefined;
    });
  }

  #confirmNow(): void {
    this.confirmedAt = this.#options.time.now();
    this.#options.confirmed(this.confirmedAt);
  }

  failed(error: unknown): void {
    this.#options.failed(error);
  }

  #putInForce(
    source: SourceName,
    rules: readonly Rule[],
    gone: readonly Gone[],
    appliedOffset: bigint,
  ): void {
    const atMicros = this.#options.time.now();
    const applied = rules.filter((rule) => this.#put(rule, atMicros));
    const removed = gone.flatMap((rule) => this.#remove(rule, atMicros));
    this.#arePutInForce(source, applied, removed, appliedOffset, atMicros);
  }

  #arePutInForce(
    source: SourceName,
    applied: readonly Rule[],
    removed: readonly string[],
    appliedOffset: bigint,
    atMicros: number,
  ): void {
    const { table, time, file } = this.#options;
    this.source = source;
    if (appliedOffset > this.appliedOffset) this.appliedOffset = appliedOffset;
    const wallMicros = time.wallOf(atMicros);
    this.appliedAt = BigInt(wallMicros);
    if (source !== 'disk') file?.save(table, this.appliedOffset);
    this.#tell({
      source,
      rules: applied,
      removed,
      appliedOffset: this.appliedOffset,
      atMicros,
      wallMicros,
    });
  }

  /** A rule that cannot be enforced is rejected whole; the last good one of its quota stays. */
  #put(rule: Rule, atMicros: number): boolean {
    try {
      const isNew = this.#options.table.put(rule, atMicros);
      this.#rejected.delete(rule.quotaId);
      if (!isNew) this.outdated += 1;
      return isNew;
    } catch (error) {
      this.rejected += 1;
      this.#rejected.add(rule.quotaId);
      this.#options.failed(error);
      return false;
    }
  }

  #goneBefore(completeTo: bigint, stay: ReadonlySet<string>): Gone[] {
    return [...this.#options.table.delivered()]
      .filter((rule) => rule.eventOffset < completeTo && !stay.has(rule.quotaId))
      .map(({ quotaId }) => ({ quotaId, upTo: completeTo - 1n }));
  }

  /** @returns the quota's id when its rule went, and nothing otherwise */
  #remove({ quotaId, upTo }: Gone, atMicros: number): string[] {
    const { table } = this.#options;
    this.#rejected.delete(quotaId);
    if (table.remove(quotaId, upTo, atMicros)) return [quotaId];
    if (table.ruleOf(quotaId) !== null) this.outdated += 1;
    return [];
  }

  #tell(applied: AppliedRules): void {
    for (const listener of this.#listeners) this.#tellOne(listener, applied);
  }

  #tellOne(listener: AppliedListener, applied: AppliedRules): void {
    try {
      listener(applied);
    } catch (error) {
      // A listener's fault must not keep the others, or the rules, waiting.
      this.#options.failed(error);
    }
  }
}
