/** Whether a quota's limits fit the tree: under its ancestors, over its children, within what its project may hold. */
import type { ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { compareBounds, describeLimit, guaranteeOf, sameLimit } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { parentOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import { projectOf } from '../payers.ts';
import { entitlementViolations } from './entitlement.ts';
import { limitIn, setterAbove, settersBelow } from './proposedTree.ts';
import type { Candidate, ProposedTree, Setter } from './proposedTree.ts';
import { sumOfAmounts, sumOfGuarantees } from './sums.ts';
import { sameWindow } from '../windowForm.ts';
import { windowViolations } from './windows.ts';

/** How many offenders a message names. */
const NAMED_MAX = 3;

/**
 * Every failed check of the candidate's limits that differ from those of now.
 *
 * @param pathOf JSON pointer of a resource's limit in the command.
 */
export function fitViolations(
  state: ApplicationState,
  candidate: Candidate,
  resources: readonly string[],
  pathOf: (resource: string) => string,
): Violation[] {
  const tree: ProposedTree = { state, candidate };
  const quota = state.quotas.get(candidate.quotaId);
  const project = candidate.project ?? projectOf(state, parentOf(candidate.quotaId));
  return resources.flatMap((resource) => {
    const before = quota === undefined ? null : declaredLimit(quota, resource);
    const limit = candidate.limitOf(resource);
    if (sameLimit(before, limit)) return [];
    const path = pathOf(resource);
    const held = isLowered(before, limit)
      ? []
      : entitlementViolations(tree, project, resource, path);
    if (limit === null) return held;
    return [
      ...windowViolations(tree, candidate.quotaId, limit, path),
      ...aboveViolations(tree, { quotaId: candidate.quotaId, limit }, before, path),
      ...belowViolations(tree, { quotaId: candidate.quotaId, limit }, path),
      ...held,
    ];
  });
}

/** Less than before takes nothing from anybody. */
function isLowered(before: ResourceLimit | null, limit: ResourceLimit | null): boolean {
  return (
    before !== null &&
    limit !== null &&
    sameWindow(before.window, limit.window) &&
    compareBounds(limit, before) <= 0 &&
    guaranteeOf(limit) <= guaranteeOf(before)
  );
}

/** What counts in the sums above does not grow: no walk over the siblings is needed. */
function takesNoMore(before: ResourceLimit | null, limit: ResourceLimit): boolean {
  if (limit.kind !== 'capacity') return isLowered(before, limit);
  return guaranteeOf(limit) <= (before === null ? 0n : guaranteeOf(before));
}

function aboveViolations(
  tree: ProposedTree,
  own: Setter,
  before: ResourceLimit | null,
  path: string,
): Violation[] {
  const { resource } = own.limit;
  const above = setterAbove(tree, own.quotaId, resource);
  if (above !== null && compareBounds(own.limit, above.limit) > 0) {
    const message =
      `${resource} ${describeLimit(own.limit)} is above ` +
      `${describeLimit(above.limit)} of ${above.quotaId}.`;
    return [violation('PARENT_LIMIT_EXCEEDED', path, message)];
  }
  if (takesNoMore(before, own.limit)) return [];
  const excess =
    above === null
      ? totalExcess(tree, resource, own.limit.window)
      : excessUnder(tree, above, own.limit.window);
  if (excess === null) return [];
  return [violation(above === null ? 'TOTAL_EXCEEDED' : 'PARENT_SUM_EXCEEDED', path, excess)];
}

/** What is wrong with the sums under a quota that declares the resource, or null. */
function excessUnder(tree: ProposedTree, above: Setter, window: string | null): string | null {
  const { resource, kind, bound, amount } = above.limit;
  if (kind === 'capacity') {
    const sum = sumOfGuarantees(settersBelow(tree, above.quotaId, resource));
    const most = guaranteeOf(above.limit);
    return sum > most ? excessText(resource, 'guarantees', sum, above.quotaId, most) : null;
  }
  if (kind !== 'consumable' || bound !== 'amount') return null;
  const sum = sumOfAmounts(settersBelow(tree, above.quotaId, resource), window);
  if (sum !== 'unlimited' && sum <= amount) return null;
  return excessText(resource, 'amounts', sum, above.quotaId, amount);
}

/** What is wrong with the sums of the whole application, or null; without a declared total nothing is. */
export function totalExcess(
  tree: ProposedTree,
  resource: string,
  window: string | null,
): string | null {
  const declaration = tree.state.registration.resources.get(resource);
  const total = declaration?.total ?? null;
  if (declaration === undefined || total === null) return null;
  const setters = settersBelow(tree, tree.state.id, resource);
  if (declaration.kind === 'capacity') {
    const sum = sumOfGuarantees(setters);
    return sum > total ? excessText(resource, 'guarantees', sum, 'the total', total) : null;
  }
  if (declaration.kind !== 'consumable') return null;
  const sum = sumOfAmounts(setters, window);
  if (sum !== 'unlimited' && sum <= total) return null;
  return excessText(resource, 'amounts', sum, 'the total', total);
}

function excessText(
  resource: string,
  what: string,
  sum: bigint | 'unlimited',
  of: string,
  most: bigint,
): string {
  return `The ${what} of ${resource} would sum to ${sum.toString()}; ${of} has ${most.toString()}.`;
}

function belowViolations(tree: ProposedTree, own: Setter, path: string): Violation[] {
  const { resource } = own.limit;
  const needs = [...settersBelow(tree, own.quotaId, resource)];
  if (needs.length === 0) return [];
  const above = needs.filter(({ limit }) => compareBounds(limit, own.limit) > 0);
  if (above.length > 0) {
    const named = above
      .slice(0, NAMED_MAX)
      .map(({ quotaId, limit }) => `${quotaId} has ${describeLimit(limit)}`);
    const message =
      `${above.length} quotas below need more than ${describeLimit(own.limit)} of ` +
      `${resource}: ${named.join(', ')}.`;
    return [violation('CHILDREN_NEED_MORE', path, message)];
  }
  const window = limitIn(tree, own.quotaId, resource)?.window ?? null;
  const excess = excessUnder(tree, own, window);
  return excess === null ? [] : [violation('CHILDREN_NEED_MORE', path, excess)];
}
