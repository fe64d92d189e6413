/**
 * Consumables along one path share one window: the tighter of 1,000 a day and 20,000 a month is neither,
 * so what is in force could not be said in one limit.
 */
import type { ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { ancestorsOf } from '../ids.ts';
import { limitFor } from '../layers.ts';
import { sameWindow } from '../windowForm.ts';
import { limitIn, settersBelow } from './proposedTree.ts';
import type { ProposedTree } from './proposedTree.ts';

export function windowViolations(
  tree: ProposedTree,
  quotaId: string,
  limit: ResourceLimit,
  path: string,
): Violation[] {
  if (limit.kind !== 'consumable' || limit.bound !== 'amount') return [];
  for (const [id, other] of limitsOnPaths(tree, quotaId, limit.resource)) {
    if (other.bound !== 'amount' || sameWindow(other.window, limit.window)) continue;
    const message =
      `${limit.resource} is per ${limit.window ?? ''} here ` +
      `and per ${other.window ?? ''} in ${id}.`;
    return [violation('WINDOW_MISMATCH', path, message)];
  }
  return [];
}

/** Limits of the resource, overrides included, on the quota, above it and below it. */
function* limitsOnPaths(
  tree: ProposedTree,
  quotaId: string,
  resource: string,
): Generator<readonly [string, ResourceLimit]> {
  const { quotas, overridden } = tree.state;
  for (const id of [quotaId, ...ancestorsOf(quotaId)]) {
    const declared = limitIn(tree, id, resource);
    if (declared !== null) yield [id, declared];
    const above = limitFor(quotas.get(id)?.override?.limits ?? [], resource);
    if (above !== null) yield [id, above];
  }
  for (const setter of settersBelow(tree, quotaId, resource)) yield [setter.quotaId, setter.limit];
  for (const id of overridden) {
    if (!id.startsWith(`${quotaId}/`)) continue;
    const below = limitFor(quotas.get(id)?.override?.limits ?? [], resource);
    if (below !== null) yield [id, below];
  }
}
