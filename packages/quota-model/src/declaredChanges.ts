/** What a decision would change of what quotas declare, whether or not it would be in force. */
import type { DeclaredChange, HidingLayer, ResourceLimit } from '@prorata/schemas';
import type { TreeDraft } from './decide/treeDraft.ts';
import { effectiveLimit } from './effective.ts';
import { byCodeUnit } from './ids.ts';
import { declaredLimit } from './layers.ts';
import { sameLimit } from './limits.ts';
import type { ApplicationState, ExplainedLayer } from './model.ts';

/** Changes that are told: with the limits in force and the oversubscription, as many as one outcome carries. */
export const DECLARED_CHANGES_MAX = 200;

/**
 * The quotas' own limits that would differ, base or rightsized, each with what would
 * hide it. Each takes a look along one path.
 *
 * @param changed ids of the quotas that the decision changes, as they are named afterwards
 */
export function declaredChanges(
  draft: TreeDraft,
  changed: readonly string[],
): { readonly declared: readonly DeclaredChange[]; readonly omitted: number } {
  const declared: DeclaredChange[] = [];
  let omitted = 0;
  for (const quotaId of changed) {
    const before = declaredBy(draft.before, draft.idBefore(quotaId));
    const after = declaredBy(draft.after, quotaId);
    const resources = new Set([...before.keys(), ...after.keys()]);
    for (const resource of [...resources].sort(byCodeUnit)) {
      const limits = { before: before.get(resource) ?? null, after: after.get(resource) ?? null };
      if (sameLimit(limits.before, limits.after)) continue;
      if (declared.length >= DECLARED_CHANGES_MAX) omitted += 1;
      else {
        const hiddenBy = hidingLayer(draft.after, quotaId, resource);
        declared.push({ quotaId, resource, ...limits, hiddenBy });
      }
    }
  }
  return { declared, omitted };
}

function declaredBy(state: ApplicationState, quotaId: string): ReadonlyMap<string, ResourceLimit> {
  const quota = state.quotas.get(quotaId);
  const declared = new Map<string, ResourceLimit>();
  for (const { resource } of quota?.content.limits ?? []) {
    const limit = quota === undefined ? null : declaredLimit(quota, resource);
    if (limit !== null) declared.set(resource, limit);
  }
  return declared;
}

/** The topmost layer over what the quota declares, or what it inherits where it declares nothing. */
function hidingLayer(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): HidingLayer | null {
  const inForce = effectiveLimit(state, quotaId, resource);
  const top = inForce?.layers.at(-1);
  if (inForce === null || top === undefined) return null;
  if (top.layer === 'base' || top.layer === 'rightsized') return null;
  return { kind: kindOf(top), quotaId: inForce.boundBy, until: top.until };
}

/** What binds at a quota above is told as what it is there. */
function kindOf({ suspension, until, haircut }: ExplainedLayer): HidingLayer['kind'] {
  if (suspension) return 'suspension';
  if (until !== null) return 'override';
  return haircut === null ? 'ancestor' : 'haircut';
}
