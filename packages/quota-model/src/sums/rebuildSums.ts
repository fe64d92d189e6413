/** All sums of a tree at once, from the leaves up: O(quotas), for a state that was read and not folded. */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import { guaranteeOf } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { BoundSet } from './boundSet.ts';
import type { Bound } from './boundSet.ts';
import { keyOf } from './sum.ts';
import type { AmountSum, Sum } from './sum.ts';
import type { Claim, Tally, WindowCount } from './tally.ts';
import { claimOf, claimedResources, countPayers, keepsBounds, windowsWithin } from './treeSums.ts';

/** How many nodes are looked at before the caller may let others have their turn: some milliseconds. */
const STEP_NODES = 1_000;

/**
 * Fills `sums` and `held`, which must be empty, and yields now and then. The children of one node are one step, however many, and
 * so are the payers of all that is under one of the first level.
 */
export function* rebuildingSums(state: ApplicationState): Generator<void> {
  let nodes = 0;
  const depthOf = (id: string): number => id.split('/').length;
  const parents = [...state.children.keys()].map((id) => ({ id, depth: depthOf(id) }));
  for (const { id } of parents.sort((a, b) => b.depth - a.depth)) {
    const tallies = talliesUnder(state, id);
    if (tallies.length > 0) state.sums.set(id, tallies);
    nodes += state.children.get(id)?.size ?? 0;
    if (nodes < STEP_NODES) continue;
    nodes = 0;
    yield;
  }
  for (const quotaId of state.children.get(state.id) ?? []) {
    countPayers(state, quotaId, 1);
    yield;
  }
}

function talliesUnder(state: ApplicationState, id: string): readonly Tally[] {
  const adding = new Map<string, AddingTally>();
  for (const child of state.children.get(id) ?? []) {
    const quota = state.quotas.get(child);
    // Most quotas are leaves without an override: what they declare is all there is.
    if (quota?.override === null && !state.sums.has(child)) {
      for (const { resource } of quota.content.limits) {
        const limit = declaredLimit(quota, resource);
        if (limit !== null) addingOf(adding, resource).addLimit(limit);
      }
      continue;
    }
    for (const resource of claimedResources(state, child)) {
      const tally = addingOf(adding, resource);
      tally.add(claimOf(state, child, resource), windowsWithin(state, child, resource));
    }
  }
  return [...adding]
    .map(([resource, tally]) => tally.tally(resource, keepsBounds(state, id, resource)))
    .filter(({ sum, windows }) => sum.limits > 0 || windows.length > 0)
    .sort((a, b) => byCodeUnit(a.resource, b.resource));
}

function addingOf(adding: Map<string, AddingTally>, resource: string): AddingTally {
  const known = adding.get(resource);
  if (known !== undefined) return known;
  const tally = new AddingTally();
  adding.set(resource, tally);
  return tally;
}

class AddingTally {
  #limits = 0;
  #unlimited = 0;
  #guarantees = 0n;
  readonly #amounts = new Map<string, AmountSum>();
  readonly #windows = new Map<string, number>();
  readonly #bounds: Bound[] = [];

  /** As `add` of the limit's claim and window, without making them. */
  addLimit(limit: ResourceLimit): void {
    const { bound, amount, perMicros, kind } = limit;
    this.#limits += 1;
    if (bound === 'unlimited') this.#unlimited += 1;
    this.#guarantees += guaranteeOf(limit);
    if (bound !== 'amount') return;
    const key = keyOf(limit);
    const known = this.#amounts.get(key);
    this.#amounts.set(key, { key, perMicros, amount: amount + (known?.amount ?? 0n) });
    this.#bounds.push({ amount, per: perMicros ?? 1n });
    if (kind === 'consumable') this.#windows.set(key, (this.#windows.get(key) ?? 0) + 1);
  }

  add({ sum, largest }: Claim, windows: readonly WindowCount[]): void {
    this.#limits += sum.limits;
    this.#unlimited += sum.unlimited;
    this.#guarantees += sum.guarantees;
    for (const entry of sum.amounts) {
      const amount = (this.#amounts.get(entry.key)?.amount ?? 0n) + entry.amount;
      this.#amounts.set(entry.key, { ...entry, amount });
    }
    if (largest !== null) this.#bounds.push(largest);
    for (const { key, count } of windows) {
      this.#windows.set(key, (this.#windows.get(key) ?? 0) + count);
    }
  }

  tally(resource: string, hasBounds: boolean): Tally {
    const amounts = [...this.#amounts.values()].sort((a, b) => byCodeUnit(a.key, b.key));
    const sum: Sum = {
      limits: this.#limits,
      unlimited: this.#unlimited,
      guarantees: this.#guarantees,
      amounts,
    };
    const windows = [...this.#windows].map(([key, count]) => ({ key, count }));
    windows.sort((a, b) => byCodeUnit(a.key, b.key));
    const bounds = hasBounds ? BoundSet.of(this.#bounds) : BoundSet.empty;
    return { resource, sum, bounds, windows };
  }
}
