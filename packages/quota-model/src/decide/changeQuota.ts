import type { ChangeQuota, QuotaContent, ResourceLimit, Violation } from '@prorata/schemas';
import { authorityViolations, ownershipViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import { limitFor, rightsizedUnder } from '../layers.ts';
import type { ApplicationState, Decision, QuotaState } from '../model.ts';
import { LIMITS_PER_QUOTA_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { contentViolations } from '../validate/contentShape.ts';
import { fitViolations } from '../validate/fit.ts';
import { limitListViolations } from '../validate/limitShape.ts';
import { about, accept, alreadySo, refusal, violation } from './answer.ts';
import { inOrder } from './createQuota.ts';
import { requireQuota } from './preconditions.ts';

export function changeQuota(state: ApplicationState, command: ChangeQuota): Decision {
  const found = requireQuota(state, command.quotaId, command.envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const { resources } = state.registration;
  const { envelope } = command;
  const ownership = refusal(ownershipViolations(state, quota.quotaId, envelope));
  if (ownership !== null) return ownership;
  const roles = rolesAt(envelope, quota.quotaId);
  const content = inOrder(contentAfter(quota.content, command));
  const shape = refusal([
    ...limitListViolations(command.setLimits, '/setLimits', { resources, roles }),
    ...unsetViolations(command, resources),
    ...contentViolations(content, '', resources),
  ]);
  if (shape !== null) return shape;
  if (sameValue(content, quota.content)) return alreadySo;
  const after = { content, rightsized: rightsizedUnder(quota, content) };
  const step = { quotaId: quota.quotaId, before: quota, after };
  const refused = refusal([
    ...authorityViolations(state, step, envelope, (of) => editPathOf(command, of)),
    ...changedLimitViolations(state, quota, content, command.setLimits),
  ]);
  if (refused !== null) return refused;
  return accept([{ type: 'QuotaChanged', data: { content }, ...about(quota) }]);
}

/** Where in the command stands what a raise is about; empty when it follows from the rest. */
function editPathOf(command: ChangeQuota, of: string): string {
  const set = command.setLimits.findIndex(({ resource }) => resource === of);
  if (set >= 0) return `/setLimits/${set}`;
  const unset = command.unsetLimits.indexOf(of);
  if (unset >= 0) return `/unsetLimits/${unset}`;
  return Object.hasOwn(command, of) ? `/${of}` : '';
}

function contentAfter(content: QuotaContent, command: ChangeQuota): QuotaContent {
  const replaced = new Set([
    ...command.setLimits.map((limit) => limit.resource),
    ...command.unsetLimits,
  ]);
  const kept = content.limits.filter((limit) => !replaced.has(limit.resource));
  return {
    owner: command.owner ?? content.owner,
    project: content.project,
    tier: command.tier ?? content.tier,
    cutPriority: command.cutPriority ?? content.cutPriority,
    labels: command.labels ?? content.labels,
    attributes: command.attributes ?? content.attributes,
    limits: [...kept, ...command.setLimits],
    match: command.match ?? content.match,
    action: command.action ?? content.action,
    degradeTag: command.degradeTag ?? content.degradeTag,
    mode: command.mode ?? content.mode,
    onStale: command.onStale ?? content.onStale,
    rightsizing: command.rightsizing ?? content.rightsizing,
  };
}

function unsetViolations(
  command: ChangeQuota,
  resources: ReadonlyMap<string, unknown>,
): Violation[] {
  if (command.unsetLimits.length > LIMITS_PER_QUOTA_MAX) {
    const message = `At most ${LIMITS_PER_QUOTA_MAX} limits are unset at once.`;
    return [violation('TOO_MANY', '/unsetLimits', message)];
  }
  return command.unsetLimits.flatMap((resource, index) => {
    const path = `/unsetLimits/${index}`;
    if (!resources.has(resource)) {
      return [violation('RESOURCE_UNKNOWN', path, `${resource} is not declared.`)];
    }
    if (limitFor(command.setLimits, resource) === null) return [];
    return [violation('LIMIT_DUPLICATE', path, `${resource} is both set and unset.`)];
  });
}

/** Every resource whose declared limit may differ: those edited, and those whose rightsizing falls away. */
function changedLimitViolations(
  state: ApplicationState,
  quota: QuotaState,
  content: QuotaContent,
  setLimits: readonly ResourceLimit[],
): Violation[] {
  const rightsized = rightsizedUnder(quota, content);
  const candidate = {
    quotaId: quota.quotaId,
    project: content.project,
    limitOf: (resource: string) =>
      rightsized.get(resource)?.limit ?? limitFor(content.limits, resource),
  };
  const resources = new Set([
    ...quota.content.limits.map((limit) => limit.resource),
    ...content.limits.map((limit) => limit.resource),
  ]);
  const named = setLimits.map((limit) => limit.resource);
  const pathOf = (resource: string): string =>
    named.includes(resource) ? `/setLimits/${named.indexOf(resource)}` : '';
  return fitViolations(state, candidate, [...resources], pathOf);
}
