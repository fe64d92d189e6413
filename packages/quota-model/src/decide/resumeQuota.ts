import type { ResumeQuota } from '@prorata/schemas';
import { liftViolations } from '../authority/authorityViolations.ts';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept, refusal, refuse } from './answer.ts';
import { requireQuota } from './preconditions.ts';

/** Ends a suspension alone: a person's override of another kind is not swept away with it. */
export function resumeQuota(state: ApplicationState, command: ResumeQuota): Decision {
  const { quotaId, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const refused = refusal(liftViolations(state, quota, envelope));
  if (refused !== null) return refused;
  if (quota.override?.suspension !== true) {
    const what = quota.override === null ? 'no override' : 'an override that is no suspension';
    return refuse('NOT_SUSPENDED', '/quotaId', `${quotaId} is not suspended: it is under ${what}.`);
  }
  return accept([{ type: 'QuotaOverrideEnded', data: { end: 'lifted' }, ...about(quota) }]);
}
