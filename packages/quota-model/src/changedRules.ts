/** Whether an event changed what hosts enforce: what a host must have applied, at the least. */
import type { EventMessage } from '@prorata/schemas';
import type { ApplicationState, Registration } from './model.ts';
import { affectedParts } from './rules.ts';

/**
 * Whether any rule of the application is other after an event that the state has just evolved with; the first
 * registration counts, for from then on there is a set of rules. A rule carries its quota's version, which every event
 * about the quota raises, so that no rule has to be made to know. The relay, which makes them, finds the same.
 *
 * @param former the registration before the event; null: there was none
 * O(1), but O(quotas) for a registration with other defaults that no quota follows.
 */
export function changesRules(
  state: ApplicationState,
  event: EventMessage,
  former: Registration | null,
): boolean {
  if (former === null) return true;
  if (event.type === 'ApplicationRegistered') {
    return presetsElse(state, former) || affectedParts(state, event, former, 'limits').length > 0;
  }
  return affectedParts(state, event, former).length > 0;
}

/** Whether a quota says nothing of what a registration presets otherwise now. */
function presetsElse({ registration, quotas }: ApplicationState, former: Registration): boolean {
  const isOtherMode = registration.defaultMode !== former.defaultMode;
  const isOtherOnStale = registration.defaultOnStale !== former.defaultOnStale;
  if (!isOtherMode && !isOtherOnStale) return false;
  for (const { content } of quotas.values()) {
    if (isOtherMode && content.mode === null) return true;
    if (isOtherOnStale && content.onStale === null) return true;
  }
  return false;
}
