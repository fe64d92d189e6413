/** Who declares a resource above and below a quota. */
import type { ResourceLimit } from '@prorata/schemas';
import { ancestorsOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import type { ApplicationState } from '../model.ts';

/** A quota that declares a limit. */
export interface Setter {
  readonly quotaId: string;
  readonly limit: ResourceLimit;
}

export function limitIn(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): ResourceLimit | null {
  const quota = state.quotas.get(quotaId);
  return quota === undefined ? null : declaredLimit(quota, resource);
}

/** The nearest ancestor that declares the resource; null: none does. */
export function setterAbove(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): Setter | null {
  for (const id of ancestorsOf(quotaId)) {
    const limit = limitIn(state, id, resource);
    if (limit !== null) return { quotaId: id, limit };
  }
  return null;
}

/**
 * Some of the nearest quotas below that declare the resource, for the words of a message.
 *
 * @param visitsMax how many quotas are looked at: the tree below may be large
 */
export function* settersBelow(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  visitsMax: number,
): Generator<Setter> {
  const waiting = [...childrenOf(state, quotaId, visitsMax)];
  for (let visits = 0; visits < visitsMax; visits += 1) {
    const id = waiting.pop();
    if (id === undefined) return;
    const limit = limitIn(state, id, resource);
    if (limit === null) waiting.push(...childrenOf(state, id, visitsMax - visits));
    else yield { quotaId: id, limit };
  }
}

function* childrenOf(state: ApplicationState, id: string, most: number): Generator<string> {
  let count = 0;
  for (const child of state.children.get(id) ?? []) {
    if (count >= most) return;
    count += 1;
    yield child;
  }
}
