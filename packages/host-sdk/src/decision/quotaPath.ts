import { ancestorsOf } from '@prorata/quota-model/hosts';
import type { QuotaMeter, UsageMeters } from '../usage/usageMeters.ts';
import type { ResourceMeter } from '../usage/resourceMeter.ts';
import type { CompiledLimit, CompiledRule } from './compiledRule.ts';
import type { PermitCount } from './permitCount.ts';
import type { QuotaNode } from './quotaNode.ts';
import type { RuleTable } from './ruleTable.ts';

/** One limit on the path of a quota, with what decides about it. */
export interface PathLimit {
  readonly quotaId: string;
  readonly rule: CompiledRule;
  /** null: blocked, whatever the cost. */
  readonly state: { shortfall(cost: number, nowMicros: number): number } | null;
  /** What an admitted cost is taken from; permits are counted apart, at every node. */
  readonly charged: { charge(cost: number): void } | null;
  /** Whether the decision being made found no room here. */
  lacking: boolean;
}

/** The limits of one resource along a path, nearest first, and where its usage is counted. */
export interface PathResource {
  readonly resource: string;
  /** Rates and consumables: what `take` is decided by. */
  readonly amounts: readonly PathLimit[];
  /** Concurrency: what `acquire` is decided by. */
  readonly permits: readonly PathLimit[];
  /** The counts of all nodes, limited or not, once permits were asked for. */
  counts: readonly PermitCount[] | null;
  /** Whether any rule on the path speaks of the resource. */
  readonly isGoverned: boolean;
  readonly meter: ResourceMeter | null;
}

/** A quota and those above it, resolved against the table as it stands. */
export class QuotaPath {
  readonly quotaId: string;
  readonly #table: RuleTable;
  readonly #meters: UsageMeters;
  readonly #resources = new Map<string, PathResource>();
  /** Permits out by resource, to move them when usage comes to be counted at another quota. */
  readonly #held = new Map<string, number>();
  #nodes: readonly QuotaNode[] = [];
  #meter: QuotaMeter | null = null;
  #generation = -1;
  #switchAt = Infinity;

  constructor(quotaId: string, table: RuleTable, meters: UsageMeters) {
    this.quotaId = quotaId;
    this.#table = table;
    this.#meters = meters;
  }

  /** The limits of a resource as they stand now. */
  at(resource: string, nowMicros: number): PathResource {
    this.refresh(nowMicros);
    let found = this.#resources.get(resource);
    if (found === undefined) {
      found = this.#resolve(resource);
      this.#resources.set(resource, found);
    }
    return found;
  }

  countsOf(entry: PathResource): readonly PermitCount[] {
    entry.counts ??= this.#nodes.map((node) => node.permitsOf(entry.resource));
    return entry.counts;
  }

  heldOf(resource: string): number {
    return this.#held.get(resource) ?? 0;
  }

  /** Counts permits in or, when negative, out, at every node and in the usage. */
  hold(entry: PathResource, units: number, delayed: boolean, nowMicros: number): void {
    for (const count of this.countsOf(entry)) count.inUse += units;
    this.#held.set(entry.resource, this.heldOf(entry.resource) + units);
    entry.meter?.hold(units, delayed, nowMicros);
  }

  refresh(nowMicros: number): void {
    if (this.#generation === this.#table.generation && nowMicros < this.#switchAt) return;
    // Read first: making a node may drop others, and then the next use resolves again.
    const generation = this.#table.generation;
    this.#nodes = [this.quotaId, ...ancestorsOf(this.quotaId)].map((quotaId) =>
      this.#table.nodeOf(quotaId),
    );
    for (const node of this.#nodes) node.switchIfDue(nowMicros);
    this.#switchAt = Math.min(...this.#nodes.map((node) => node.switchAt));
    this.#generation = generation;
    this.#resources.clear();
    this.#countUsageAtNearest(nowMicros);
  }

  #countUsageAtNearest(nowMicros: number): void {
    const nearest = this.#nodes.find((node) => node.rule !== null);
    const meter = nearest === undefined ? null : this.#meters.meterOf(nearest.quotaId);
    if (meter !== this.#meter) {
      for (const [resource, units] of this.#held) {
        this.#meter?.resource(resource).hold(-units, false, nowMicros);
        meter?.resource(resource).hold(units, false, nowMicros);
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
    let isGoverned = false;
    for (const node of this.#nodes) {
      const limit = node.inForce.find((candidate) => candidate.resource === resource);
      if (limit === undefined || node.rule === null || node.rule.source.mode === 'off') continue;
      isGoverned = true;
      if (limit.bound === 'unlimited' || limit.kind === 'capacity') continue;
      const pathLimit = pathLimitOf(node, node.rule, limit);
      if (limit.kind === 'concurrency') permits.push(pathLimit);
      else amounts.push(pathLimit);
    }
    const meter = this.#meter?.resource(resource) ?? null;
    return { resource, amounts, permits, counts: null, isGoverned, meter };
  }
}

function pathLimitOf(node: QuotaNode, rule: CompiledRule, limit: CompiledLimit): PathLimit {
  const { quotaId } = node;
  if (limit.bound === 'blocked') {
    return { quotaId, rule, state: null, charged: null, lacking: false };
  }
  if (limit.kind === 'concurrency') {
    const state = node.permitsOf(limit.resource);
    return { quotaId, rule, state, charged: null, lacking: false };
  }
  const state = node.bucketOf(limit.resource) ?? node.windowOf(limit.resource) ?? null;
  return { quotaId, rule, state, charged: state, lacking: false };
}
