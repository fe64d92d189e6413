import { createHash } from 'node:crypto';
import type { RuleSet, RuleSink } from '@prorata/host-sdk';
import type { Rule } from '@prorata/schemas';
import { fullNameOf, longToJson, toJson } from '@prorata/schemas';

/** The whole set of an application as it goes to hosts. */
export interface FeedSnapshot {
  /** JSON: application, appliedOffset, isWritten, rules sorted by quota. */
  readonly text: string;
  /** A strong entity tag over the whole text. */
  readonly etag: string;
  readonly appliedOffset: bigint;
}

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
  #rules = new Map<string, { readonly text: string; readonly eventOffset: bigint }>();
  #appliedOffset = -1n;
  #isWritten = false;
  #isKnown = false;
  #confirmedAtMs = -Infinity;
  #snapshot: FeedSnapshot | null = null;
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

  snapshot(): FeedSnapshot {
    this.#snapshot ??= this.#render();
    return this.#snapshot;
  }

  /** @returns a function that ends the listening */
  listen(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  replaceAll({ rules, unreadable, isWritten, appliedOffset }: RuleSet): void {
    // A topic that was made anew says nothing; what it held before still holds.
    if (!isWritten && this.#rules.size > 0) return;
    const present = this.#rules;
    this.#rules = new Map();
    for (const rule of rules) this.#rules.set(rule.quotaId, entryOf(rule));
    for (const quotaId of unreadable) {
      const last = present.get(quotaId);
      if (last !== undefined) this.#rules.set(quotaId, last);
    }
    this.#isWritten = isWritten;
    this.#isKnown = true;
    this.#first.resolve(undefined);
    this.#changed(appliedOffset, { kind: 'rules' });
  }

  change(rule: Rule): void {
    const entry = entryOf(rule);
    this.#rules.set(rule.quotaId, entry);
    this.#changed(rule.eventOffset, { kind: 'rule', id: rule.eventOffset, text: entry.text });
  }

  remove(quotaId: string, eventOffset: bigint | null): void {
    this.#rules.delete(quotaId);
    const offset = eventOffset === null ? null : longToJson(eventOffset);
    const text = JSON.stringify({ quotaId, eventOffset: offset });
    const id = eventOffset ?? this.#appliedOffset;
    this.#changed(id, { kind: 'deleted', id, text });
  }

  confirm(): void {
    this.#confirmedAtMs = performance.now();
    this.#tell({ kind: 'confirmed' });
  }

  failed(error: unknown): void {
    this.#failed(error);
  }

  #changed(eventOffset: bigint, event: FeedEvent): void {
    if (eventOffset > this.#appliedOffset) this.#appliedOffset = eventOffset;
    if (event.kind !== 'rules') {
      this.#isWritten = true;
      this.#confirmedAtMs = performance.now();
    }
    this.#snapshot = null;
    this.#tell(event);
  }

  #tell(event: FeedEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #render(): FeedSnapshot {
    const ids = [...this.#rules.keys()].sort();
    const head = {
      application: this.application,
      appliedOffset: longToJson(this.#appliedOffset),
      isWritten: this.#isWritten,
    };
    const rules = ids.map((quotaId) => this.#rules.get(quotaId)?.text ?? '');
    const text = `${JSON.stringify(head).slice(0, -1)},"rules":[${rules.join(',')}]}`;
    const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
    return { text, etag, appliedOffset: this.#appliedOffset };
  }
}

function entryOf(rule: Rule): { text: string; eventOffset: bigint } {
  return {
    text: JSON.stringify(toJson(fullNameOf.Rule, rule)),
    eventOffset: rule.eventOffset,
  };
}
