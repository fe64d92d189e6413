import { ancestorsOf } from '@prorata/quota-model/hosts';
import { SharedMeter } from '../leases/sharedMeter.ts';
import type { MeteredLimit } from '../leases/sharedMeter.ts';
import type { RequestMeter } from '../usage/requestMeter.ts';
import type { QuotaMeter, UsageMeters } from '../usage/usageMeters.ts';
import type { CompiledLimit, CompiledRule } from './compiledRule.ts';
import type { KeySlots } from './keySlots.ts';
import type { LimitState } from './limitState.ts';
import { ONLY_SLOT } from './limitState.ts';
import type { PermitCounts } from './permitCounts.ts';
import type { QuotaNode } from './quotaNode.ts';
import type { RuleTable } from './ruleTable.ts';

/** One limit on the path of a quota, with what decides about it. */
export interface PathLimit {
  readonly quotaId: string;
  readonly rule: CompiledRule;
  /** The rule's limit that it is. */
  readonly compiled: CompiledLimit;
  /** null: blocked, whatever the cost. */
  readonly state: LimitState | null;
  /** Whether it is the host's safe share of a limit that others have a part in. */
  readonly isSafeShare: boolean;
  /** null: all requests share the limit. */
  readonly keys: KeySlots | null;
  /** Where in the state the decision being made is about; of keyed limits it is set for each. */
  slot: number;
  /** Whether the decision being made found no room here. */
  lacking: boolean;
}

/** A limit that is the only one of its resource, and does not block. */
export interface OnlyLimit extends PathLimit {
  readonly state: LimitState;
}

/** A limit on trial, with what it said so far: see `QuotaNode.triedOf`. */
export interface TrialLimit extends PathLimit {
  /** Counted by what is really out, so that nothing is charged. */
  readonly isOfPermits: boolean;
  readonly figures: Float64Array;
}

/** Permits out along a path, to move them when usage comes to be counted at another quota. */
interface Holding {
  units: number;
}

/** The limits of one resource along a path, nearest first, and where its usage is counted. */
export interface PathResource {
  readonly path: QuotaPath;
  readonly resource: string;
  /** Rates and consumables: what `take` is decided by. */
  readonly amounts: readonly PathLimit[];
  /** The one among them, where there is one and none on trial. */
  readonly onlyAmount: OnlyLimit | null;
  /** Concurrency: what `acquire` is decided by. */
  readonly permits: readonly PathLimit[];
  /** Limits on trial, which decide and count and are never enforced. */
  readonly trials: readonly TrialLimit[];
  /** Those among all of them whose slot depends on a key. */
  readonly keyed: readonly PathLimit[];
  /** The counts of all nodes, limited or not, once permits were asked for. */
  counts: readonly PermitCounts[] | null;
  readonly holding: Holding;
  /** Whether any rule on the path speaks of the resource. */
  readonly isGoverned: boolean;
  readonly meter: RequestMeter | null;
  /** The table's generation that this was last found good for; -1: it was replaced. */
  generation: number;
  /** When limits change by themselves, on the monotonic clock. */
  readonly goodUntil: number;
}

/** A quota and those above it, resolved against the table as it stands. */
export class QuotaPath {
  readonly quotaId: string;
  readonly #table: RuleTable;
  readonly #meters: UsageMeters;
  readonly #moment: Float64Array;
  readonly #resources = new Map<string, PathResource>();
  readonly #held = new Map<string, Holding>();
  #nodes: readonly QuotaNode[] = [];
  #changes: readonly number[] = [];
  #meter: QuotaMeter | null = null;
  #generation = -1;
  #switchAt = Infinity;

  constructor(quotaId: string, table: RuleTable, meters: UsageMeters, moment: Float64Array) {
    this.quotaId = quotaId;
    this.#table = table;
    this.#meters = meters;
    this.#moment = moment;
  }

  /** The limits of a resource as they stand at the moment. */
  at(resource: string): PathResource {
    this.refresh();
    let found = this.#resources.get(resource);
    if (found === undefined) {
      found = this.#resolve(resource);
      this.#resources.set(resource, found);
    }
    found.generation = this.#generation;
    return found;
  }

  /** Counts permits in or, when negative, out, at every node and in the usage. */
  hold(entry: PathResource, units: number, delayed: boolean): void {
    const counts = (entry.counts ??= this.#countsOf(entry.resource));
    for (let at = 0; at < counts.length; at += 1) counts[at]?.add(units);
    if (units > 0 && entry.keyed.length > 0) chargeKeyed(entry, units);
    entry.holding.units += units;
    entry.meter?.hold(units, delayed, this.#moment);
  }

  /** Those of limits on trial too: they count what is really out. */
  #countsOf(resource: string): readonly PermitCounts[] {
    return this.#nodes.flatMap((node) => [
      node.permitsOf(resource),
      ...(node.trial === null ? [] : [node.trial.permitsOf(resource)]),
    ]);
  }

  refresh(): void {
    const now = this.#moment[0] ?? 0;
    if (this.#generation === this.#table.generation && now < this.#switchAt) return;
    // Rules of other quotas may have changed, as they do by the thousand when rules are loaded.
    if (this.#areNodesUnchanged() && now < this.#switchAt) {
      this.#generation = this.#table.generation;
      return;
    }
    this.#resolveNodes(now);
    for (const entry of this.#resources.values()) entry.generation = -1;
    this.#resources.clear();
    this.#countUsageAtNearest();
  }

  #areNodesUnchanged(): boolean {
    if (this.#generation === -1) return false;
    for (let index = 0; index < this.#nodes.length; index += 1) {
      if (this.#nodes[index]?.changes !== this.#changes[index]) return false;
    }
    return true;
  }

  #resolveNodes(now: number): void {
    // Read first: making a node may drop others, and then the next use resolves again.
    const generation = this.#table.generation;
    const nodes: QuotaNode[] = [];
    const changes: number[] = [];
    for (const quotaId of [this.quotaId, ...ancestorsOf(this.quotaId)]) {
      const node = this.#table.nodeOf(quotaId);
      node.switchIfDue(now);
      nodes.push(node);
      changes.push(node.changes);
    }
    this.#nodes = nodes;
    this.#changes = changes;
    this.#switchAt = Math.min(...nodes.map((node) => node.switchAt));
    this.#generation = generation;
  }

  #countUsageAtNearest(): void {
    const nearest = this.#nodes.find((node) => node.rule !== null);
    const meter = nearest === undefined ? null : this.#meters.meterOf(nearest.quotaId);
    if (meter !== this.#meter) {
      for (const [resource, { units }] of this.#held) {
        this.#meter?.resource(resource).hold(-units, false, this.#moment);
        meter?.resource(resource).hold(units, false, this.#moment);
      }
      this.#meter = meter;
    }
    for (const node of this.#nodes) {
      // Made now, so that a quota that is bound and idle reports zero.
      for (const limit of node.inForce) meter?.resource(limit.resource);
    }
  }

  #resolve(resource: string): PathResource {
    const amounts: PathLimit[] = [];
    const permits: PathLimit[] = [];
    const trials = this.#nodes.flatMap((node) => trialAt(node, resource));
    const shared: MeteredLimit[] = [];
    let isGoverned = false;
    for (const node of this.#nodes) {
      const limit = node.inForce.find((candidate) => candidate.resource === resource);
      if (limit === undefined || node.rule === null || node.rule.mode === 'off') continue;
      isGoverned = true;
      if (limit.bound === 'unlimited' || limit.kind === 'capacity') continue;
      const pathLimit = pathLimitOf(node, node.rule, limit);
      if (limit.kind === 'concurrency') permits.push(pathLimit);
      else amounts.push(pathLimit);
      const demand = node.demandOf(resource);
      const counts = limit.kind === 'concurrency' ? node.permitsOf(resource) : null;
      if (demand !== null) shared.push({ limit: pathLimit, demand, permits: counts });
    }
    const meter = this.#meter?.resource(resource) ?? null;
    const isAlone = amounts.length + permits.length === 1;
    return {
      path: this,
      resource,
      amounts,
      onlyAmount: trials.length === 0 ? onlyOf(amounts) : null,
      permits,
      trials,
      keyed: [...amounts, ...permits, ...trials].filter((limit) => limit.keys !== null),
      counts: null,
      holding: this.#holdingOf(resource),
      isGoverned,
      meter: shared.length === 0 ? meter : new SharedMeter(meter, shared, isAlone),
      generation: this.#generation,
      goodUntil: this.#switchAt,
    };
  }

  #holdingOf(resource: string): Holding {
    let holding = this.#held.get(resource);
    if (holding === undefined) {
      holding = { units: 0 };
      this.#held.set(resource, holding);
    }
    return holding;
  }
}

function trialAt({ trial }: QuotaNode, resource: string): TrialLimit[] {
  const limit = trial?.inForce.find((candidate) => candidate.resource === resource);
  if (trial === null || trial.rule === null || limit === undefined) return [];
  const isOfPermits = limit.kind === 'concurrency';
  const figures = trial.triedOf(resource);
  return [{ ...pathLimitOf(trial, trial.rule, limit), isOfPermits, figures }];
}

function onlyOf(limits: readonly PathLimit[]): OnlyLimit | null {
  const [limit] = limits;
  if (limits.length !== 1 || limit === undefined || limit.state === null) return null;
  return limit as OnlyLimit;
}

function chargeKeyed({ permits }: PathResource, units: number): void {
  for (const { keys, state, slot } of permits) if (keys !== null) state?.charge(slot, units);
}

function pathLimitOf(node: QuotaNode, rule: CompiledRule, limit: CompiledLimit): PathLimit {
  const { quotaId } = node;
  const isSafeShare = node.shares.isSafe(limit.resource);
  const common = {
    ...{ quotaId, rule, compiled: limit, slot: ONLY_SLOT, lacking: false },
    isSafeShare,
  };
  if (limit.bound === 'blocked') return { ...common, state: null, keys: null };
  if (limit.kind === 'concurrency' && rule.eachOf === null) {
    return { ...common, state: node.permitsOf(limit.resource), keys: null };
  }
  const held = node.heldOf(limit.resource);
  return { ...common, state: held?.state ?? null, keys: held?.keys ?? null };
}
