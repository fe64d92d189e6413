/** Who pays for what. */
import { parentOf } from './ids.ts';
import type { ApplicationState } from './model.ts';

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
