/**
 * What a state keeps about its quotas so that no command walks all of them: who pays for which, on which
 * lies a budget's cut, which have the same attributes, which are suspended or rightsized, and how many speak
 * of a resource. Made from the quotas, and kept by `evolve`: a change of one quota costs O(log n), a move or
 * another payer O(quotas below).
 */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit, parentOf } from '../ids.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { projectOf } from '../payers.ts';
import { OrderedIds } from './orderedIds.ts';
import { rightsizedRates } from './rightsizedRates.ts';

type Index = Map<string, OrderedIds>;

/** The key in `cut`: cuts of one budget for another project are others' to lift. */
export function cutKey(project: string, budgetId: string): string {
  return `${project} ${budgetId}`;
}

/** The key in `suspended`: what a suspension blocks, the same for the same resources. */
export function blockedKey(limits: readonly Pick<ResourceLimit, 'resource' | 'kind'>[]): string {
  return limits.map(({ resource, kind }) => `${resource}:${kind}`).join(' ');
}

/** What speaks for itself: all but the payer, whom an ancestor may name. */
export function indexQuota(
  state: ApplicationState,
  before: QuotaState | null,
  after: QuotaState | null,
): void {
  if (before?.content !== after?.content || before?.override !== after?.override) {
    countUsers(state, before, -1);
    countUsers(state, after, 1);
  }
  if (before?.content.attributes !== after?.content.attributes) {
    if (before !== null) take(state.attributes, before.content.attributes, [before.quotaId]);
    if (after !== null) add(state.attributes, after.content.attributes, [after.quotaId]);
  }
  if (before?.override !== after?.override) {
    for (const key of suspensionOf(before)) take(state.suspended, key, [before?.quotaId ?? '']);
    for (const key of suspensionOf(after)) add(state.suspended, key, [after?.quotaId ?? '']);
  }
  if (before?.rightsized !== after?.rightsized || before?.content !== after?.content) {
    for (const { resource, rate } of rightsizedRates(before))
      take(state.rightsized, resource, [rate]);
    for (const { resource, rate } of rightsizedRates(after))
      add(state.rightsized, resource, [rate]);
  }
  if (before?.haircuts === after?.haircuts) return;
  for (const key of cutsOf(before)) take(state.cut, key, [before?.quotaId ?? '']);
  for (const key of cutsOf(after)) add(state.cut, key, [after?.quotaId ?? '']);
}

/** Adds (1) or takes (-1) who pays for a quota and all below it, as the state says it at the moment. */
export function indexPayers(state: ApplicationState, quotaId: string, sign: 1 | -1): void {
  if (!state.children.has(quotaId)) {
    indexLeafPayer(state, quotaId, sign);
    return;
  }
  const ids = new IdsByKey();
  for (const { quota, payer } of subtree(state, quotaId)) {
    if (payer !== null) ids.note(payer, quota.quotaId);
  }
  ids.apply(state.paid, sign);
}

/** Of a quota without any below it, which most are. */
function indexLeafPayer(state: ApplicationState, quotaId: string, sign: 1 | -1): void {
  const payer = state.quotas.has(quotaId) ? projectOf(state, quotaId) : null;
  if (payer === null) return;
  const change = sign === 1 ? add : take;
  change(state.paid, payer, [quotaId]);
}

/** Adds or takes all that stands under the ids of a subtree, for a move. */
export function indexSubtree(state: ApplicationState, quotaId: string, sign: 1 | -1): void {
  const noted = new NotedQuotas();
  for (const { quota, payer } of subtree(state, quotaId)) noted.note(quota, payer);
  noted.apply(state, sign);
}

/** How many nodes are looked at before the caller may let others have their turn: some milliseconds. */
const STEP_NODES = 1_000;

/** Fills the indexes, which must be empty, and yields now and then; what is sorted at the end is one step. */
export function* rebuildingIndexes(state: ApplicationState): Generator<void> {
  const noted = new NotedQuotas();
  let nodes = 0;
  for (const quotaId of state.children.get(state.id) ?? []) {
    for (const { quota, payer } of subtree(state, quotaId)) {
      noted.note(quota, payer);
      countUsers(state, quota, 1);
      nodes += 1;
      if (nodes % STEP_NODES === 0) yield;
    }
  }
  noted.apply(state, 1);
}

class IdsByKey {
  readonly #ids = new Map<string, string[]>();

  note(key: string, id: string): void {
    const ids = this.#ids.get(key);
    if (ids === undefined) this.#ids.set(key, [id]);
    else ids.push(id);
  }

  apply(index: Index, sign: 1 | -1): void {
    const change = sign === 1 ? add : take;
    for (const [key, ids] of this.#ids) change(index, key, ids);
  }
}

class NotedQuotas {
  readonly #paid = new IdsByKey();
  readonly #cut = new IdsByKey();
  readonly #attributes = new IdsByKey();
  readonly #suspended = new IdsByKey();
  readonly #rightsized = new IdsByKey();

  note(quota: QuotaState, payer: string | null): void {
    const { quotaId, content } = quota;
    if (payer !== null) this.#paid.note(payer, quotaId);
    for (const key of cutsOf(quota)) this.#cut.note(key, quotaId);
    this.#attributes.note(content.attributes, quotaId);
    for (const key of suspensionOf(quota)) this.#suspended.note(key, quotaId);
    for (const { resource, rate } of rightsizedRates(quota)) this.#rightsized.note(resource, rate);
  }

  apply(state: ApplicationState, sign: 1 | -1): void {
    this.#paid.apply(state.paid, sign);
    this.#cut.apply(state.cut, sign);
    this.#attributes.apply(state.attributes, sign);
    this.#suspended.apply(state.suspended, sign);
    this.#rightsized.apply(state.rightsized, sign);
  }
}

interface Paid {
  readonly quota: QuotaState;
  readonly payer: string | null;
}

function* subtree(state: ApplicationState, quotaId: string): Generator<Paid> {
  const open = [{ ids: [quotaId] as Iterable<string>, payer: projectOf(state, parentOf(quotaId)) }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of next.ids) {
      const quota = state.quotas.get(id);
      if (quota === undefined) continue;
      const payer = quota.content.project ?? next.payer;
      yield { quota, payer };
      const children = state.children.get(id);
      if (children !== undefined) open.push({ ids: children, payer });
    }
  }
}

function add(index: Index, key: string, ids: readonly string[]): void {
  const former = index.get(key);
  index.set(key, former === undefined ? OrderedIds.of(ids) : former.plus(inOrder(ids)));
}

function take(index: Index, key: string, ids: readonly string[]): void {
  const left = index.get(key)?.minus(inOrder(ids));
  if (left === undefined || left.size === 0) index.delete(key);
  else index.set(key, left);
}

function inOrder(ids: readonly string[]): readonly string[] {
  return ids.length < 2 ? ids : [...ids].sort(byCodeUnit);
}

function cutsOf(quota: QuotaState | null): readonly string[] {
  if (quota === null || quota.haircuts.size === 0) return [];
  return [...quota.haircuts.values()].map(({ project, budgetId }) => cutKey(project, budgetId));
}

/** The key in `suspended`; none where the quota is not suspended. */
function suspensionOf(quota: QuotaState | null): readonly string[] {
  return quota?.override?.suspension === true ? [blockedKey(quota.override.limits)] : [];
}

function countUsers(state: ApplicationState, quota: QuotaState | null, sign: 1 | -1): void {
  if (quota === null) return;
  for (const resource of resourcesUsedBy(quota)) {
    const users = (state.users.get(resource) ?? 0) + sign;
    if (users === 0) state.users.delete(resource);
    else state.users.set(resource, users);
  }
}

/**
 * The resources that a quota speaks of: declared, bounded for the rightsizer, overridden. A suspension speaks
 * of none: it blocks whatever is declared, and follows when a resource goes.
 */
export function resourcesUsedBy({ content, override }: QuotaState): ReadonlySet<string> {
  const resources = new Set<string>();
  for (const { resource } of content.limits) resources.add(resource);
  for (const { resource } of content.rightsizing) resources.add(resource);
  if (override?.suspension === true) return resources;
  for (const { resource } of override?.limits ?? []) resources.add(resource);
  return resources;
}
