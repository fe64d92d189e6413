import { affectedQuotas, BrokenStream, evolve, parseStream, ruleOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import type { EventMessage, Rule } from '@prorata/schemas';
import { sameContent } from './sameContent.ts';

/** What the application's rule topic lacks. */
export interface RuleChange {
  readonly application: string;
  readonly quotaId: string;
  /** null: the quota is gone. */
  readonly rule: Rule | null;
  /** The event that led to it. */
  readonly eventOffset: bigint;
}

/**
 * The rules of a partition's applications as a pure function of its events: replay yields the same
 * rules with the same offsets, whoever does it and whenever, so that writing only differences makes
 * restart, replay and takeover write nothing.
 */
export class RuleFold {
  readonly #states = new Map<string, ApplicationState>();
  readonly #rules = new Map<string, Map<string, Rule>>();
  /** Not written yet, by application and quota; a later change of a quota replaces the earlier. */
  readonly #changes = new Map<string, Map<string, RuleChange>>();

  /** Every application that was registered. */
  get applications(): readonly string[] {
    return [...this.#states.keys()];
  }

  rulesOf(application: string): ReadonlyMap<string, Rule> {
    return this.#rules.get(application) ?? new Map<string, Rule>();
  }

  /** @throws BrokenStream when the event does not follow from those before: the partition stops. */
  apply(event: EventMessage, eventOffset: bigint): void {
    const { stream, decidedAt } = event.value.envelope;
    const parsed = parseStream(stream);
    if (parsed?.kind !== 'application') return;
    const application = parsed.id;
    const state = evolve(this.#states.get(application) ?? null, event);
    if (state.kind !== 'application') throw new BrokenStream(event, `the state is ${state.kind}`);
    this.#states.set(application, state);
    const rules = this.#rules.get(application) ?? new Map<string, Rule>();
    this.#rules.set(application, rules);
    for (const quotaId of affectedQuotas(state, event)) {
      const present = rules.get(quotaId) ?? null;
      if (!state.quotas.has(quotaId)) {
        if (!rules.delete(quotaId)) continue;
        this.#changed({ application, quotaId, rule: null, eventOffset });
      } else {
        const rule: Rule = { ...ruleOf(state, quotaId), eventOffset, decidedAt };
        if (present !== null && sameContent(present, rule)) continue;
        rules.set(quotaId, rule);
        this.#changed({ application, quotaId, rule, eventOffset });
      }
    }
  }

  /**
   * After a replay: of all that the replay would have written, only where the topic differs remains
   * to be written, and what the topic has beyond it is to go.
   * @param restoredTo the first event not replayed: a deletion that nobody can date is dated by it
   */
  compare(application: string, written: ReadonlyMap<string, Rule>, restoredTo: bigint): void {
    const rules = this.rulesOf(application);
    const changes = this.#changesOf(application);
    for (const [quotaId, rule] of rules) {
      const there = written.get(quotaId);
      const isSame =
        there !== undefined && there.eventOffset === rule.eventOffset && sameContent(there, rule);
      if (isSame) changes.delete(quotaId);
      else this.#changed({ application, quotaId, rule, eventOffset: rule.eventOffset });
    }
    for (const [quotaId, { rule }] of changes) {
      if (rule === null && !written.has(quotaId)) changes.delete(quotaId);
    }
    for (const quotaId of written.keys()) {
      if (rules.has(quotaId) || changes.has(quotaId)) continue;
      this.#changed({ application, quotaId, rule: null, eventOffset: restoredTo - 1n });
    }
  }

  /**
   * What is to be written, by application and there in the order of the events; the caller writes
   * all of it or starts anew.
   */
  takeChanges(): readonly RuleChange[] {
    const changes = [...this.#changes.values()].flatMap((some) => [...some.values()]);
    this.#changes.clear();
    return changes;
  }

  #changed(change: RuleChange): void {
    const changes = this.#changesOf(change.application);
    changes.delete(change.quotaId);
    changes.set(change.quotaId, change);
  }

  #changesOf(application: string): Map<string, RuleChange> {
    let changes = this.#changes.get(application);
    if (changes === undefined) {
      changes = new Map();
      this.#changes.set(application, changes);
    }
    return changes;
  }
}
