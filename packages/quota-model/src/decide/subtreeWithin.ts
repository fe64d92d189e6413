import type { ApplicationState } from '../model.ts';

/**
 * A quota and all below it, parents first; null when they are more than `most`: no more of them are looked
 * at than that.
 */
export function subtreeWithin(
  state: ApplicationState,
  quotaId: string,
  most: number,
): readonly string[] | null {
  const ids = [quotaId];
  // Grows while it is walked.
  for (const id of ids) {
    const children = state.children.get(id);
    if (ids.length + (children?.size ?? 0) > most) return null;
    ids.push(...(children ?? []));
  }
  return ids.length > most ? null : ids;
}
