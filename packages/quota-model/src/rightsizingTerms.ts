/** How evidence sizes a limit where it may: its class, and whether it is pinned. */
import type { RightsizeBounds, WorkloadClass } from '@prorata/schemas';
import { ancestorsOf } from './ids.ts';
import type { ApplicationState } from './model.ts';

/**
 * What a shortage of the resource costs at the quota: what the nearest says of the quota itself, those above it, and
 * its application; null: none of them says.
 */
export function workloadOf(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): WorkloadClass | null {
  for (const { workload } of entriesAbove(state, quotaId, resource)) {
    if (workload !== null) return workload;
  }
  return null;
}

/**
 * Who pinned the resource of the quota, so that evidence moves it not at all: the quota, the nearest above it, or the
 * application, by its id; null: nobody did.
 */
export function pinnedBy(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): string | null {
  for (const { pinned, node } of entriesAbove(state, quotaId, resource)) {
    if (pinned) return node;
  }
  return null;
}

export function isPinned(state: ApplicationState, quotaId: string, resource: string): boolean {
  return pinnedBy(state, quotaId, resource) !== null;
}

/** What is said of the resource, with the node that says it: the quota first, the application last. O(depth). */
function* entriesAbove(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): Generator<RightsizeBounds & { readonly node: string }> {
  for (const id of [quotaId, ...ancestorsOf(quotaId)]) {
    const entry = state.quotas
      .get(id)
      ?.content.rightsizing.find((each) => each.resource === resource);
    if (entry !== undefined) yield { ...entry, node: id };
  }
  const entry = state.registration.rightsizing.find((each) => each.resource === resource);
  if (entry !== undefined) yield { ...entry, node: state.id };
}
