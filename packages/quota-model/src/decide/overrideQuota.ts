import type { OverrideQuota, ResourceLimit, Violation } from '@prorata/schemas';
import { overrideViolations } from '../authority/authorityViolations.ts';
import { isOverrideAboveThreshold } from '../authority/approvalThreshold.ts';
import { rolesAt } from '../authority/sender.ts';
import { ancestorsOf, byCodeUnit } from '../ids.ts';
import { declaredLimit, overriddenLimit } from '../layers.ts';
import { compareBounds, describeLimit, timeInWords } from '../limits.ts';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { OVERRIDE_ABOVE_APPROVAL_MICROS_DEFAULT, OVERRIDE_MICROS_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { overrideAboveTotal } from '../validate/totals.ts';
import { limitListViolations } from '../validate/limitShape.ts';
import { windowViolations } from '../validate/windows.ts';
import { about, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { requireQuota } from './preconditions.ts';

/** A newer override takes the place of an older one, whole. */
export function overrideQuota(
  state: ApplicationState,
  command: OverrideQuota,
  context: DecisionContext,
): Decision {
  const { quotaId, until, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const authority = refusal(overrideViolations(state, quota, command.limits, envelope));
  if (authority !== null) return authority;
  const form = formFault(command, context.now);
  if (form !== null) return form;
  const { resources } = state.registration;
  const terms = { resources, roles: rolesAt(envelope, quotaId) };
  const shape = refusal(limitListViolations(command.limits, '/limits', terms));
  if (shape !== null) return shape;
  const long = lengthFault(state, quota, command, context.now);
  if (long !== null) return long;
  const limits = [...command.limits].sort((a, b) => byCodeUnit(a.resource, b.resource));
  const { override } = quota;
  const isSame = override?.suspension === false && sameValue(override.limits, limits);
  if (isSame && override.until === until) return alreadySo;
  const fit = refusal(
    command.limits.flatMap((limit, index) => [
      ...aboveAncestor(state, quotaId, limit, `/limits/${index}`),
      ...overrideAboveTotal(state, quotaId, limit, `/limits/${index}`),
      ...windowViolations(state, quotaId, limit, `/limits/${index}`),
    ]),
  );
  if (fit !== null) return fit;
  const data = { limits, until, suspension: false, replacesOverride: override !== null };
  return accept([{ type: 'QuotaOverridden', data, ...about(quota) }]);
}

function formFault(command: OverrideQuota, now: bigint): Decision | null {
  if (command.limits.length === 0) {
    return refuse('OVERRIDE_EMPTY', '/limits', 'The override names no limit.');
  }
  return endFault(command.until, now);
}

/**
 * A fire is fought at once, so that no override waits for a second person: one that raises by more than a
 * person may raise alone ends soon instead.
 */
function lengthFault(
  state: ApplicationState,
  quota: QuotaState,
  { limits, until }: OverrideQuota,
  now: bigint,
): Decision | null {
  const { overrideAboveApprovalMicrosMax } = state.registration.changePolicy;
  const most = overrideAboveApprovalMicrosMax ?? OVERRIDE_ABOVE_APPROVAL_MICROS_DEFAULT;
  if (until - now <= most || !isOverrideAboveThreshold(state, quota, limits)) return null;
  const message =
    `It raises ${quota.quotaId} by more than one person may: it may last for ` +
    `${timeInWords(most)} at most.`;
  return refuse('OVERRIDE_END_INVALID', '/until', message);
}

/** Every override has an end, and a known one. */
export function endFault(until: bigint, now: bigint): Decision | null {
  if (until <= now) {
    return refuse('OVERRIDE_END_INVALID', '/until', 'The end is not after now.');
  }
  if (until - now > OVERRIDE_MICROS_MAX) {
    return refuse('OVERRIDE_END_INVALID', '/until', 'The end is more than 366 days from now.');
  }
  return null;
}

/**
 * An ancestor counts as it would without haircuts: with its own live override where it has one. So an
 * override of both opens a path, and a suspended ancestor stays closed.
 */
function aboveAncestor(
  state: ApplicationState,
  quotaId: string,
  limit: ResourceLimit,
  path: string,
): Violation[] {
  for (const id of ancestorsOf(quotaId)) {
    const ancestor = state.quotas.get(id);
    if (ancestor === undefined) continue;
    const uncut =
      overriddenLimit(ancestor, limit.resource, null)?.limit ??
      declaredLimit(ancestor, limit.resource);
    if (uncut === null || compareBounds(limit, uncut) <= 0) continue;
    const message =
      `${limit.resource} ${describeLimit(limit)} is above ${describeLimit(uncut)} of ${id}, ` +
      'which holds here too.';
    return [violation('OVERRIDE_ABOVE_ANCESTOR', path, message)];
  }
  return [];
}
