import type { LiftOverride } from '@prorata/schemas';
import { liftViolations } from '../authority/authorityViolations.ts';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept, alreadySo, refusal } from './answer.ts';
import { requireQuota } from './preconditions.ts';

export function liftOverride(state: ApplicationState, command: LiftOverride): Decision {
  const found = requireQuota(state, command.quotaId, command.envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const refused = refusal(liftViolations(state, quota, command.envelope));
  if (refused !== null) return refused;
  if (quota.override === null) return alreadySo;
  return accept([{ type: 'QuotaOverrideEnded', data: { end: 'lifted' }, ...about(quota) }]);
}
