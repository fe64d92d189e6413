import type { Rule } from '@prorata/schemas';
import { UnreadableRecord } from '@prorata/schemas';
import type { RuleRecord } from './ruleRecord.ts';
import { COMPLETE_KEY } from './ruleSetComplete.ts';
import type { RuleSink } from './ruleSource.ts';

/**
 * A rule topic as far as it was read. A topic that is being made anew is read half written: only the
 * record that its writer puts last, with as many rules before it as it names, says that nothing is
 * missing, and so that what is not there is gone.
 */
export class TopicReading {
  readonly #sink: RuleSink;
  /** Until the first end: what the records say together. After it the sink has it. */
  #latest: Map<string, Rule | null> | null = new Map();
  /** Quotas that have a record, readable or not. */
  readonly #quotaIds = new Set<string>();
  #completeTo: bigint | null = null;
  #appliedOffset = -1n;

  constructor(sink: RuleSink) {
    this.#sink = sink;
  }

  add(record: RuleRecord): void {
    if (record.kind === 'rule') this.#rule(record.rule);
    else if (record.kind === 'gone') this.#gone(record);
    else if (record.kind === 'complete') this.#complete(record.set);
    else {
      this.#sink.failed(record.error);
      if (record.key === COMPLETE_KEY) return;
      this.#quotaIds.add(record.key);
      if (this.#latest === null) this.#sink.unreadable?.(record.key);
      else this.#latest.set(record.key, null);
    }
  }

  /** The topic was read to its end for the first time: from now on the sink hears of each record. */
  reachedEnd(): void {
    const rules: Rule[] = [];
    const unreadable: string[] = [];
    for (const [quotaId, rule] of this.#latest ?? []) {
      if (rule === null) unreadable.push(quotaId);
      else rules.push(rule);
    }
    this.#latest = null;
    const completeTo = this.#completeTo;
    const appliedOffset = this.#appliedOffset;
    this.#sink.replaceAll({ rules, unreadable, completeTo, isCurrent: true, appliedOffset });
  }

  #rule(rule: Rule): void {
    this.#quotaIds.add(rule.quotaId);
    this.#accountFor(rule.eventOffset);
    if (this.#latest === null) this.#sink.change(rule);
    else this.#latest.set(rule.quotaId, rule);
  }

  #gone({ quotaId, eventOffset }: RuleRecord & { kind: 'gone' }): void {
    if (quotaId === COMPLETE_KEY) return;
    this.#quotaIds.delete(quotaId);
    this.#latest?.delete(quotaId);
    if (eventOffset === null) {
      // It cannot be told from one that is older than the rule in force, which so stays.
      this.#sink.failed(new UnreadableRecord(`The tombstone of ${quotaId} names no event.`));
      return;
    }
    this.#accountFor(eventOffset);
    if (this.#latest === null) this.#sink.remove(quotaId, eventOffset);
  }

  #complete({
    rules,
    eventOffset,
  }: {
    readonly rules: number;
    readonly eventOffset: bigint;
  }): void {
    const found = this.#quotaIds.size;
    // More are no danger: a record that is none of the relay's. Fewer were lost, and gone they are not.
    if (found < rules) {
      const text = `The topic should hold ${rules} rules up to event ${eventOffset}, and holds ${found}.`;
      this.#sink.failed(new UnreadableRecord(text));
      this.#completeTo = null;
      return;
    }
    this.#completeTo = eventOffset;
    this.#accountFor(eventOffset);
    if (this.#latest === null) this.#sink.complete(eventOffset, this.#quotaIds);
  }

  #accountFor(eventOffset: bigint): void {
    if (eventOffset > this.#appliedOffset) this.#appliedOffset = eventOffset;
  }
}
