/** Who pays for what. */
import { parentOf } from './ids.ts';
import type { ApplicationState, QuotaState } from './model.ts';

export function entitlementKey(project: string, resource: string): string {
  return `${project} ${resource}`;
}

/** The payer: the quota's own project, or the nearest ancestor's; null when nobody says. */
export function projectOf(state: ApplicationState, quotaId: string): string | null {
  for (let id = quotaId; id !== '' && id !== state.id; id = parentOf(id)) {
    const project = state.quotas.get(id)?.content.project ?? null;
    if (project !== null) return project;
  }
  return null;
}

/** As `projectOf`, of a path as it is or was: the quota first, then those above it, nearest first. */
export function projectOnPath(path: readonly QuotaState[]): string | null {
  return path.find(({ content }) => content.project !== null)?.content.project ?? null;
}
