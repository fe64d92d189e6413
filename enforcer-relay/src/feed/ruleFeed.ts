import { createHash } from 'node:crypto';
import { RuleSetChecksum } from '@prorata/host-sdk';
import type { RuleSet, RuleSink } from '@prorata/host-sdk';
import type { Rule } from '@prorata/schemas';
import { fullNameOf, longToJson, toJson } from '@prorata/schemas';
import { ChangeLog } from './changeLog.ts';
import type { LoggedChange } from './changeLog.ts';

/** The whole set of an application as it goes to hosts. */
export interface FeedSnapshot {
  /** JSON: application, appliedOffset, completeTo, isCurrent, cursor, count, checksum, rules sorted by quota. */
  readonly text: string;
  /** A strong entity tag of all that the text says, the cursor apart. */
  readonly etag: string;
  readonly appliedOffset: bigint;
  /** Whether the topic was reached of late: hosts remove nothing for the sake of a set that is not. */
  readonly isCurrent: boolean;
}

interface FeedRule {
  readonly text: string;
  readonly eventOffset: bigint;
}

/** What a client that has all up to this can check, and ask for later. */
export interface FeedState {
  readonly cursor: string;
  readonly count: number;
  /** `RuleSetChecksum` of all rules. */
  readonly checksum: string;
}

/** Answers to cursors that are kept until the next change: hosts that lost one relay have one cursor. */
const DELTAS_MAX = 4;
/** Three rounds of asking for the topic's end, milliseconds. */
const FRESH_MS = 15_000;

export type FeedEvent =
  | { readonly kind: 'rules' }
  | { readonly kind: 'rule'; readonly id: bigint; readonly text: string }
  | { readonly kind: 'deleted'; readonly id: bigint; readonly text: string }
  /** What was sent is what the topic holds. */
  | { readonly kind: 'confirmed' };

/**
 * An application's rules as its topic has them, for those who ask over HTTP. It follows the topic and
 * not the relay's own fold, so that any instance serves any application.
 */
export class RuleFeed implements RuleSink {
  readonly application: string;
  readonly #failed: (error: unknown) => void;
  readonly #listeners = new Set<(event: FeedEvent) => void>();
  /** JSON by quota: rendered once, whoever asks. */
  readonly #rules = new Map<string, FeedRule>();
  readonly #checksum = new RuleSetChecksum();
  readonly #changes = new ChangeLog();
  #appliedOffset = -1n;
  /** The event up to which the set is whole; null: the topic was never written, or in part. */
  #completeTo: bigint | null = null;
  /** Whether what the topic does not have is gone from here too. */
  #isSwept = false;
  #isKnown = false;
  #confirmedAtMs = -Infinity;
  #snapshot: FeedSnapshot | null = null;
  /** By cursor: thousands that come back at once wait on the same text. */
  readonly #deltas = new Map<string, string>();
  readonly #first = Promise.withResolvers<undefined>();

  constructor(application: string, failed: (error: unknown) => void) {
    this.application = application;
    this.#failed = failed;
  }

  /** Whether the topic has been read to its end once. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when it has. */
  get known(): Promise<void> {
    return this.#first.promise;
  }

  /** Whether the topic was reached of late: what is older may be told, but not confirmed. */
  get isFresh(): boolean {
    return performance.now() - this.#confirmedAtMs < FRESH_MS;
  }

  get appliedOffset(): bigint {
    return this.#appliedOffset;
  }

  get state(): FeedState {
    const { cursor } = this.#changes;
    return { cursor, count: this.#rules.size, checksum: this.#checksum.toString() };
  }

  /**
   * What changed since a cursor of this feed, each rule once and as it is now: JSON as a snapshot's, with `since` and
   * with `gone` for the quotas whose rule went.
   * @returns null where the whole set is to be told: the cursor is another feed's or too old, or this feed has lost
   *   the topic and its news would pass for fresh
   */
  changesSince(cursor: string): string | null {
    if (!this.isFresh) return null;
    const known = this.#deltas.get(cursor);
    if (known !== undefined) return known;
    const changes = this.#changes.after(cursor);
    if (changes === null) return null;
    const text = this.#deltaOf(cursor, changes);
    if (this.#deltas.size < DELTAS_MAX) this.#deltas.set(cursor, text);
    return text;
  }

  #deltaOf(cursor: string, changes: ReadonlyMap<string, LoggedChange>): string {
    const rules: string[] = [];
    const gone: object[] = [];
    for (const { quotaId, goneTo } of changes.values()) {
      const rule = this.#rules.get(quotaId);
      if (rule !== undefined) rules.push(rule.text);
      else if (goneTo !== null) gone.push({ quotaId, eventOffset: longToJson(goneTo) });
    }
    const head = { ...this.#head(true), ...this.state, since: cursor, gone };
    return withRules(head, rules);
  }

  snapshot(): FeedSnapshot {
    if (this.#snapshot?.isCurrent !== this.isFresh) this.#snapshot = null;
    this.#snapshot ??= this.#render();
    return this.#snapshot;
  }

  /** @returns a function that ends the listening */
  listen(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The source has just read the topic to its end, and so it counts as reached. */
  replaceAll({ rules, unreadable, completeTo, appliedOffset }: RuleSet): void {
    for (const rule of rules) this.#put(rule);
    this.#isSwept = completeTo !== null;
    if (completeTo !== null) {
      this.#sweep(completeTo, new Set([...rules.map(({ quotaId }) => quotaId), ...unreadable]));
    }
    this.#isKnown = true;
    this.#first.resolve(undefined);
    this.#changed(appliedOffset, { kind: 'rules' });
  }

  change(rule: Rule): void {
    const entry = this.#put(rule);
    if (entry === null) return;
    this.#changed(rule.eventOffset, { kind: 'rule', id: rule.eventOffset, text: entry.text });
  }

  remove(quotaId: string, eventOffset: bigint): void {
    const present = this.#rules.get(quotaId);
    if (present !== undefined && present.eventOffset > eventOffset) return;
    this.#drop(quotaId, eventOffset);
    const text = JSON.stringify({ quotaId, eventOffset: longToJson(eventOffset) });
    this.#changed(eventOffset, { kind: 'deleted', id: eventOffset, text });
  }

  /** Those who were sent a part get the whole; the others were sent every change. */
  complete(completeTo: bigint, quotaIds: ReadonlySet<string>): void {
    if (this.#isSwept) {
      this.#completeTo = later(this.#completeTo, completeTo);
      this.#forgetTexts();
      return;
    }
    this.#isSwept = true;
    this.#sweep(completeTo, quotaIds);
    this.#changed(completeTo, { kind: 'rules' });
  }

  confirm(): void {
    this.#confirmedAtMs = performance.now();
    this.#tell({ kind: 'confirmed' });
  }

  failed(error: unknown): void {
    this.#failed(error);
  }

  /** null: there is a newer one, or this one. */
  #put(rule: Rule): FeedRule | null {
    const { quotaId } = rule;
    const present = this.#rules.get(quotaId);
    if (present !== undefined && present.eventOffset > rule.eventOffset) return null;
    const entry = entryOf(rule);
    if (present?.text === entry.text) return null;
    this.#rules.set(quotaId, entry);
    this.#checksum.put(quotaId, entry.text);
    this.#changes.add(quotaId, null);
    return entry;
  }

  #drop(quotaId: string, goneTo: bigint): void {
    if (!this.#rules.delete(quotaId)) return;
    this.#checksum.remove(quotaId);
    this.#changes.add(quotaId, goneTo);
  }

  /** A topic that was made anew says nothing of what held before, until its whole set is newer. */
  #sweep(completeTo: bigint, stay: ReadonlySet<string>): void {
    this.#completeTo = later(this.#completeTo, completeTo);
    for (const [quotaId, { eventOffset }] of this.#rules) {
      if (eventOffset < completeTo && !stay.has(quotaId)) this.#drop(quotaId, completeTo - 1n);
    }
  }

  #changed(eventOffset: bigint, event: FeedEvent): void {
    if (eventOffset > this.#appliedOffset) this.#appliedOffset = eventOffset;
    this.#confirmedAtMs = performance.now();
    this.#forgetTexts();
    this.#tell(event);
  }

  #forgetTexts(): void {
    this.#snapshot = null;
    this.#deltas.clear();
  }

  #tell(event: FeedEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #head(isCurrent: boolean): object {
    return {
      application: this.application,
      appliedOffset: longToJson(this.#appliedOffset),
      completeTo: this.#completeTo === null ? null : longToJson(this.#completeTo),
      isCurrent,
    };
  }

  #render(): FeedSnapshot {
    const isCurrent = this.isFresh;
    const ids = [...this.#rules.keys()].sort();
    const head = this.#head(isCurrent);
    const { state } = this;
    const rules = ids.map((quotaId) => this.#rules.get(quotaId)?.text ?? '');
    const said = JSON.stringify([head, state.count, state.checksum]);
    return {
      text: withRules({ ...head, ...state }, rules),
      etag: `"${createHash('sha256').update(said).digest('hex')}"`,
      appliedOffset: this.#appliedOffset,
      isCurrent,
    };
  }
}

/** Rules are JSON already. */
const withRules = (head: object, rules: readonly string[]): string =>
  `${JSON.stringify(head).slice(0, -1)},"rules":[${rules.join(',')}]}`;

const later = (a: bigint | null, b: bigint): bigint => (a === null || a < b ? b : a);

function entryOf(rule: Rule): FeedRule {
  return {
    text: JSON.stringify(toJson(fullNameOf.Rule, rule)),
    eventOffset: rule.eventOffset,
  };
}
