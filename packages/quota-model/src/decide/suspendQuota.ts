import type { ResourceLimit, SuspendQuota } from '@prorata/schemas';
import { overrideViolations } from '../authority/authorityViolations.ts';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext, Registration } from '../model.ts';
import { OVERRIDE_MICROS_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { about, accept, alreadySo, refusal } from './answer.ts';
import { endFault } from './overrideQuota.ts';
import { requireQuota } from './preconditions.ts';

/**
 * A suspension is an override to blocked of every resource that the application declares at that moment.
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

function allBlocked({ resources }: Registration): readonly ResourceLimit[] {
  const limits = [...resources.values()].map(({ name, kind }) => ({
    resource: name,
    kind,
    bound: 'blocked' as const,
    amount: 0n,
    perMicros: null,
    burst: null,
    guaranteed: null,
    window: null,
  }));
  return limits.sort((a, b) => byCodeUnit(a.resource, b.resource));
}
