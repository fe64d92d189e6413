import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { EntitlementState } from '../model.ts';
import { entitlementKey } from '../payers.ts';
import { settersOfProject } from './proposedTree.ts';
import type { ProposedTree } from './proposedTree.ts';
import { sumHeld } from './sums.ts';

/** The upper bounds of a project's top-most quotas sum within its entitlement, where one is set. */
export function entitlementViolations(
  tree: ProposedTree,
  project: string | null,
  resource: string,
  path: string,
): Violation[] {
  if (project === null) return [];
  const entitlement = tree.state.entitlements.get(entitlementKey(project, resource));
  return entitlement === undefined ? [] : excessOf(tree, entitlement, path);
}

/** Also for an entitlement that is not in the state yet. */
export function excessOf(
  tree: ProposedTree,
  entitlement: Pick<EntitlementState, 'project' | 'resource' | 'amount'>,
  path: string,
): Violation[] {
  const { project, resource, amount } = entitlement;
  if (amount === 'unlimited') return [];
  const most = amount === 'blocked' ? 0n : amount;
  const held = sumHeld(settersOfProject(tree, project, resource));
  if (held !== 'unlimited' && held.numerator <= most * held.denominator) return [];
  const sum = held === 'unlimited' ? held : roundedUp(held).toString();
  const message = `Project ${project} would hold ${sum} of ${resource}; it is entitled to ${most.toString()}.`;
  return [violation('ENTITLEMENT_EXCEEDED', path, message)];
}

function roundedUp(held: { readonly numerator: bigint; readonly denominator: bigint }): bigint {
  return (held.numerator + held.denominator - 1n) / held.denominator;
}
