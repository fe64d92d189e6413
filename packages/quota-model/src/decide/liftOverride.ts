import type { LiftOverride } from '@prorata/schemas';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept, alreadySo } from './answer.ts';
import { requireQuota, robotFault } from './preconditions.ts';

export function liftOverride(state: ApplicationState, command: LiftOverride): Decision {
  const robot = robotFault(command.envelope);
  if (robot !== null) return robot;
  const found = requireQuota(state, command.quotaId, command.envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  if (quota.override === null) return alreadySo;
  return accept([{ type: 'QuotaOverrideEnded', data: { end: 'lifted' }, ...about(quota) }]);
}
