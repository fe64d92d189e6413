import { affectedQuotas, BrokenStream, evolve, parseStream, ruleOf } from '@prorata/quota-model';
import type { ApplicationState, RolloutState } from '@prorata/quota-model';
import type { EventMessage, Rule, RuleSetComplete } from '@prorata/schemas';
import { FleetRules } from '../leases/fleetRules.ts';
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

/** What a rule topic holds. */
export interface WrittenRules {
  readonly rules: ReadonlyMap<string, Rule>;
  /** The record that says what the whole set is; null: there is none that can be read. */
  readonly complete: RuleSetComplete | null;
}

/**
 * The rules of a partition's applications as a pure function of its events: replay yields the same
 * rules with the same offsets, whoever does it and whenever, so that writing only differences makes
 * restart, replay and takeover write nothing.
 */
export class RuleFold {
  /** Those whose limits the fleet shares. */
  readonly fleetRules = new FleetRules();
  readonly #states = new Map<string, ApplicationState>();
  readonly #rules = new Map<string, Map<string, Rule>>();
  /** Not written yet, by application and quota; a later change of a quota replaces the earlier. */
  readonly #changes = new Map<string, Map<string, RuleChange>>();

  /** The newest event that changed an application's rules; at first the one that registered it. */
  readonly #changedBy = new Map<string, bigint>();
  /** Applications of which an event came since they were last asked for. */
  readonly #touched = new Set<string>();
  /** The newest event that registered the application. */
  readonly #registeredBy = new Map<string, bigint>();
  /** Applications whose topic lacks the record that says what its whole set is. */
  readonly #incomplete = new Set<string>();

  /** Every application that was registered. */
  get applications(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** What the whole set of every application is, as `takeComplete` says it of those that changed. */
  get complete(): readonly RuleSetComplete[] {
    return this.applications.map((application) => this.#completeOf(application));
  }

  /** The rollouts that are on, by application. */
  get rollouts(): readonly { readonly application: string; readonly rollout: RolloutState }[] {
    return [...this.#states].flatMap(([application, { rollouts }]) =>
      [...rollouts.values()].map((rollout) => ({ application, rollout })),
    );
  }

  /** What the application is by the events so far; it changes in place. undefined: it is not registered. */
  stateOf(application: string): Readonly<ApplicationState> | undefined {
    return this.#states.get(application);
  }

  /** The newest event that changed the application's rules or its registration; -1: none. */
  newestOf(application: string): bigint {
    const rules = this.#changedBy.get(application) ?? -1n;
    const registered = this.#registeredBy.get(application) ?? -1n;
    return rules > registered ? rules : registered;
  }

  rulesOf(application: string): ReadonlyMap<string, Rule> {
    return this.#rules.get(application) ?? new Map<string, Rule>();
  }

  /** As `applying`, at once. */
  apply(event: EventMessage, eventOffset: bigint): void {
    const rules = this.applying(event, eventOffset);
    while (rules.next().done !== true);
  }

  /**
   * Takes one event, and yields after every rule that it may change: those of a whole application take
   * seconds. Nothing else may be asked of the fold until it is through.
   * @throws BrokenStream when the event does not follow from those before: the partition stops.
   */
  *applying(event: EventMessage, eventOffset: bigint): Generator<void> {
    const { stream, decidedAt } = event.value.envelope;
    const parsed = parseStream(stream);
    if (parsed?.kind !== 'application') return;
    const application = parsed.id;
    const before = this.#states.get(application) ?? null;
    const former = before?.registration ?? null;
    const state = evolve(before, event);
    if (state.kind !== 'application') throw new BrokenStream(event, `the state is ${state.kind}`);
    this.#states.set(application, state);
    if (event.type === 'ApplicationRegistered') this.#registeredBy.set(application, eventOffset);
    this.#touched.add(application);
    const rules = this.#rules.get(application) ?? new Map<string, Rule>();
    this.#rules.set(application, rules);
    if (!this.#changedBy.has(application)) this.#setChanged(application, eventOffset);
    for (const quotaId of affectedQuotas(state, event, former)) {
      yield;
      const present = rules.get(quotaId) ?? null;
      if (!state.quotas.has(quotaId)) {
        if (!rules.delete(quotaId)) continue;
        this.fleetRules.remove(application, quotaId);
        this.#setChanged(application, eventOffset);
        this.#changed({ application, quotaId, rule: null, eventOffset });
      } else {
        const rule: Rule = { ...ruleOf(state, quotaId), eventOffset, decidedAt };
        if (present !== null && sameContent(present, rule)) continue;
        rules.set(quotaId, rule);
        this.fleetRules.put(rule);
        this.#setChanged(application, eventOffset);
        this.#changed({ application, quotaId, rule, eventOffset });
      }
    }
  }

  /**
   * After a replay: of all that the replay would have written, only where the topic differs remains
   * to be written, and what the topic has beyond it is to go.
   * @param restoredTo the first event not replayed: a deletion that nobody can date is dated by it
   */
  compare(application: string, written: WrittenRules, restoredTo: bigint): void {
    const rules = this.comparing(application, written, restoredTo);
    while (rules.next().done !== true);
  }

  /** As `compare`, and yields after every rule. */
  *comparing(
    application: string,
    { rules: written, complete }: WrittenRules,
    restoredTo: bigint,
  ): Generator<void> {
    const rules = this.rulesOf(application);
    const changes = this.#changesOf(application);
    for (const [quotaId, rule] of rules) {
      yield;
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
      yield;
      if (rules.has(quotaId) || changes.has(quotaId)) continue;
      this.#changed({ application, quotaId, rule: null, eventOffset: restoredTo - 1n });
    }
    const now = this.#completeOf(application);
    const isSaid = complete?.rules === now.rules && complete.eventOffset === now.eventOffset;
    if (changes.size === 0 && isSaid) this.#incomplete.delete(application);
    else this.#incomplete.add(application);
  }

  /** Applications of which events came since the last call. */
  takeTouched(): ReadonlySet<string> {
    const touched = new Set(this.#touched);
    this.#touched.clear();
    return touched;
  }

  /**
   * What is to be written, by application and there in the order of the events; the caller writes
   * all of it, and `takeComplete` after it, or starts anew.
   */
  takeChanges(): readonly RuleChange[] {
    const changes = [...this.#changes.values()].flatMap((some) =>
      [...some.values()].sort((a, b) => Number(a.eventOffset - b.eventOffset)),
    );
    this.#changes.clear();
    return changes;
  }

  /**
   * What is to stand after the changes, for readers to know that they have all. A function of the
   * events as the rules are: it comes back equal after a deletion and a replay.
   */
  takeComplete(): readonly RuleSetComplete[] {
    const sets = [...this.#incomplete].map((application) => this.#completeOf(application));
    this.#incomplete.clear();
    return sets;
  }

  #completeOf(application: string): RuleSetComplete {
    const eventOffset = this.#changedBy.get(application) ?? -1n;
    return { application, rules: this.rulesOf(application).size, eventOffset };
  }

  #setChanged(application: string, eventOffset: bigint): void {
    this.#changedBy.set(application, eventOffset);
    this.#incomplete.add(application);
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
