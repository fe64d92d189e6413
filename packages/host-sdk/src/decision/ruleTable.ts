import type { HostPlace } from '@prorata/quota-model/hosts';
import type { HostRollout, Lease, Rule } from '@prorata/schemas';
import { isShared } from '../leases/nodeShares.ts';
import { compileRule } from './compiledRule.ts';
import type { CompiledRule } from './compiledRule.ts';
import type { HostTime } from './hostClock.ts';
import { HostRollouts } from './hostRollouts.ts';
import { newKeyBudget } from './keySlots.ts';
import type { KeyBudget } from './keySlots.ts';
import { QuotaNode } from './quotaNode.ts';
import type { TrialFigures } from './quotaNode.ts';
import { MatchIndex } from './matchIndex.ts';
import { sameMatching } from './ruleMatch.ts';
import type { Attributes } from './ruleMatch.ts';

/** Nodes without a rule that come together before the unused are dropped; each takes about 1 KB. */
const UNRULED_MAX = 10_000;
/** Keys with a limit of their own; each takes about 60 bytes. */
const KEYS_MAX = 100_000;
/** Keys looked at in one sweep of a limit: a millisecond of work at most. */
const SWEPT_KEYS = 5_000;

/** Of a table that no host has: no list and no zone takes it in. */
const NOWHERE: HostPlace = { hostId: '', zone: null };

/** The rules in force, with the state of their limits. */
export class RuleTable {
  readonly #time: HostTime;
  readonly #nodes = new Map<string, QuotaNode>();
  #rules = 0;
  #unruledMax = UNRULED_MAX;
  readonly #matches = new MatchIndex();
  readonly #shared = new Set<QuotaNode>();
  #isStale = false;
  #generation = 0;
  #matchGeneration = 0;
  /** Whether a source has said what all rules are, be it that there are none. */
  isKnown = false;

  readonly keys: KeyBudget;
  readonly #host: HostPlace;
  readonly #rollouts = new HostRollouts();

  constructor(time: HostTime, keysMax = KEYS_MAX, host: HostPlace = NOWHERE) {
    this.#time = time;
    this.#host = host;
    this.keys = newKeyBudget(keysMax);
  }

  /** Rises whenever what was resolved from the table may be out of date. */
  get generation(): number {
    return this.#generation;
  }

  /** Rises when a handle may stand for another quota. */
  get matchGeneration(): number {
    return this.#matchGeneration;
  }

  get size(): number {
    return this.#rules;
  }

  /** The rollouts that the rules are part of. */
  get rollouts(): readonly HostRollout[] {
    return this.#rollouts.list();
  }

  /** What the limits on trial have said on this host, by quota. */
  get trials(): readonly TrialFigures[] {
    return [...this.#nodes.values()].flatMap((node) => (node.trial === null ? [] : node.trials()));
  }

  /** As it holds on this host. */
  ruleOf(quotaId: string): Rule | null {
    return this.#nodes.get(quotaId)?.rule?.source ?? null;
  }

  /** All rules as they were delivered, in no order. */
  *delivered(): Generator<Rule> {
    for (const { rule } of this.#nodes.values()) if (rule !== null) yield rule.delivered;
  }

  /** All rules as they were delivered, in the order of their ids. */
  all(): Rule[] {
    const rules: Rule[] = [];
    for (const node of this.#nodes.values())
      if (node.rule !== null) rules.push(node.rule.delivered);
    return rules.sort((a, b) => (a.quotaId < b.quotaId ? -1 : 1));
  }

  /**
   * @returns false for a rule older than the one in force: deliveries may overtake one another.
   * @throws UnenforceableRule, and the rule in force stays
   */
  put(rule: Rule, atMicros: number): boolean {
    const node = this.nodeOf(rule.quotaId);
    const present = node.rule;
    if (present !== null && present.source.eventOffset > rule.eventOffset) return false;
    const compiled = compileRule(rule, this.#host);
    node.setRule(compiled, atMicros);
    if (present === null) this.#rules += 1;
    if (isShared(compiled.source)) this.#shared.add(node);
    else this.#shared.delete(node);
    this.#changed(present, compiled);
    return true;
  }

  /** @returns false when there is none, or one of an event after `upTo`, which stays. */
  remove(quotaId: string, upTo: bigint, atMicros: number): boolean {
    const node = this.#nodes.get(quotaId);
    const present = node?.rule ?? null;
    if (node === undefined || present === null || present.source.eventOffset > upTo) return false;
    node.setRule(null, atMicros);
    this.#rules -= 1;
    this.#shared.delete(node);
    this.#changed(present, null);
    return true;
  }

  /** Quotas whose limits all hosts share. */
  get shared(): ReadonlySet<QuotaNode> {
    return this.#shared;
  }

  /** @returns false for a lease of no rule here, or one that is no newer than what is held */
  putLease(lease: Lease, atMicros: number): boolean {
    const node = this.#nodes.get(lease.quotaId);
    if (node === undefined || !this.#shared.has(node)) return false;
    if (!node.takeLease(lease, atMicros)) return false;
    this.#generation += 1;
    return true;
  }

  /** Whether the rules are unconfirmed for too long: some then lower their limits. */
  setStale(isStale: boolean, atMicros: number): void {
    if (isStale === this.#isStale) return;
    this.#isStale = isStale;
    for (const node of this.#nodes.values()) node.setStale(isStale, atMicros);
    this.#generation += 1;
  }

  /** undefined: nobody asked about the quota yet, and it has no rule. */
  presentNode(quotaId: string): QuotaNode | undefined {
    return this.#nodes.get(quotaId);
  }

  nodeOf(quotaId: string): QuotaNode {
    let node = this.#nodes.get(quotaId);
    if (node === undefined) {
      if (this.#nodes.size - this.#rules >= this.#unruledMax) this.#dropUnused();
      node = new QuotaNode(quotaId, this.#time, this.keys);
      if (this.#isStale) node.setStale(true, this.#time.now());
      this.#nodes.set(quotaId, node);
    }
    return node;
  }

  /** The quota that is named, where it has a rule; else the one whose match fits best; else the one that is named. */
  quotaFor(named: string | null, attributes: Attributes): string | null {
    const isExact = named !== null && this.ruleOf(named) !== null;
    return isExact ? named : (this.match(attributes) ?? named);
  }

  /** The quota whose match fits best, or null. */
  match(attributes: Attributes): string | null {
    return this.#matches.best(attributes)?.quotaId ?? null;
  }

  /** All quotas whose match fits, the one that is taken first. */
  matching(attributes: Attributes): readonly Rule[] {
    return this.#matches.fitting(attributes);
  }

  wallStepped(): void {
    for (const node of this.#nodes.values()) node.moveSwitch();
    this.#generation += 1;
  }

  /** Lets idle keys go, some of them each time, so that others find a slot at once. */
  sweepKeys(): void {
    if (this.keys.used === 0) return;
    for (const node of this.#nodes.values()) node.sweepKeys(SWEPT_KEYS);
  }

  /** null: there is no rule. A rule that comes or goes can also be one that somebody named. */
  #changed(before: CompiledRule | null, after: CompiledRule | null): void {
    this.#generation += 1;
    this.#rollouts.replace(before, after);
    if (after !== null) this.#matches.put(after.source);
    else if (before !== null) this.#matches.remove(before.source.quotaId);
    if (before !== null && after !== null && sameMatching(before.source, after.source)) return;
    this.#matchGeneration += 1;
  }

  /** Whoever resolved a dropped node resolves again, for the generation rises. */
  #dropUnused(): void {
    for (const [quotaId, node] of this.#nodes) {
      if (node.rule !== null || node.isHeld) continue;
      node.forgotten();
      this.#nodes.delete(quotaId);
    }
    this.#unruledMax = this.#nodes.size - this.#rules + UNRULED_MAX;
    this.#generation += 1;
  }
}
