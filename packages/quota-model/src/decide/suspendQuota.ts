import type { SuspendQuota } from '@prorata/schemas';
import { overrideViolations } from '../authority/authorityViolations.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { OVERRIDE_MICROS_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { allBlocked } from '../suspension.ts';
import { about, accept, alreadySo, refusal } from './answer.ts';
import { endFault } from './overrideQuota.ts';
import { requireQuota } from './preconditions.ts';

/**
 * A suspension is an override to blocked of every resource that the application declares, or comes to.
 * It takes the place of a live override, and its event says so.
 */
export function suspendQuota(
  state: ApplicationState,
  command: SuspendQuota,
  context: DecisionContext,
): Decision {
  const { quotaId, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const until = command.until ?? context.now + OVERRIDE_MICROS_MAX;
  const limits = allBlocked(state.registration);
  const refused =
    refusal(overrideViolations(state, quota, limits, envelope)) ?? endFault(until, context.now);
  if (refused !== null) return refused;
  const { override } = quota;
  const isSame = override?.suspension === true && sameValue(override.limits, limits);
  if (isSame && override.until === until) return alreadySo;
  const data = { limits, until, suspension: true, replacesOverride: override !== null };
  return accept([{ type: 'QuotaOverridden', data, ...about(quota) }]);
}
