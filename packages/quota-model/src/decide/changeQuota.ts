import type { ChangeQuota, QuotaContent, Violation } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import { limitFor } from '../layers.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { LIMITS_PER_QUOTA_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { contentViolations } from '../validate/contentShape.ts';
import { limitListViolations } from '../validate/limitShape.ts';
import { contentHash } from '../versions/contentHash.ts';
import { violation } from './answer.ts';
import { inOrder } from './createQuota.ts';
import { decideTree, onlyStep, proposable } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { draftContent } from './draftContent.ts';
import {
  afterClearing,
  clearViolations,
  patchedAttributes,
  patchedLabels,
} from './patchContent.ts';
import { quotaAt } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

export function changeQuota(
  state: ApplicationState,
  command: ChangeQuota,
  context: DecisionContext,
): Decision {
  const { envelope, ...change } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] =>
    changeStep(draft, change, onlyStep(envelope));
  return decideTree(state, envelope, context, drafted, proposable(envelope, { change }));
}

/** Changes the quota in the draft (or nothing, when it is so already), or says what is wrong by itself. */
export function changeStep(
  draft: TreeDraft,
  change: Omit<ChangeQuota, 'envelope'>,
  terms: StepTerms,
): readonly Violation[] {
  const { path, sender } = terms;
  const found = quotaAt(draft.after, change.quotaId, terms);
  if ('fault' in found) return [found.fault];
  const { quota } = found;
  const state = draft.after;
  const ownership = ownershipViolations(state, quota.quotaId, sender);
  if (ownership.length > 0) return ownership;
  const { resources } = state.registration;
  const roles = rolesAt(sender, quota.quotaId);
  const content = inOrder(contentAfter(quota.content, change));
  const shape = [
    ...limitListViolations(change.setLimits, `${path}/setLimits`, { resources, roles }),
    ...unsetViolations(change, path, resources),
    ...clearViolations(change, path),
    ...contentViolations(content, path, resources),
  ];
  if (shape.length > 0) return shape;
  if (sameValue(content, quota.content)) return [];
  const data = { content, contentHash: contentHash(content) };
  draftContent(draft, quota, { type: 'QuotaChanged', data }, terms, (of) => editPathOf(change, of));
  return [];
}

/** Where in the change stands what a raise or a limit is about; empty when it follows from the rest. */
function editPathOf(change: Omit<ChangeQuota, 'envelope'>, of: string | null): string {
  if (of === null) return '';
  const set = change.setLimits.findIndex(({ resource }) => resource === of);
  if (set >= 0) return `/setLimits/${set}`;
  const unset = change.unsetLimits.indexOf(of);
  if (unset >= 0) return `/unsetLimits/${unset}`;
  return Object.hasOwn(change, of) ? `/${of}` : '';
}

function contentAfter(content: QuotaContent, command: Omit<ChangeQuota, 'envelope'>): QuotaContent {
  const replaced = new Set([
    ...command.setLimits.map((limit) => limit.resource),
    ...command.unsetLimits,
  ]);
  const kept = command.onlySetLimits
    ? []
    : content.limits.filter((limit) => !replaced.has(limit.resource));
  return {
    owner: command.owner ?? content.owner,
    project: content.project,
    tier: command.tier ?? content.tier,
    cutPriority: command.cutPriority ?? content.cutPriority,
    labels: patchedLabels(command.labels ?? content.labels, command.labelsPatch),
    attributes: patchedAttributes(
      command.attributes ?? content.attributes,
      command.attributesPatch,
    ),
    limits: [...kept, ...command.setLimits],
    match: command.match ?? content.match,
    action: command.action ?? content.action,
    ...afterClearing(content, command),
    rightsizing: command.rightsizing ?? content.rightsizing,
  };
}

function unsetViolations(
  command: Omit<ChangeQuota, 'envelope'>,
  at: string,
  resources: ReadonlyMap<string, unknown>,
): Violation[] {
  if (command.unsetLimits.length > LIMITS_PER_QUOTA_MAX) {
    const message = `At most ${LIMITS_PER_QUOTA_MAX} limits are unset at once.`;
    return [violation('TOO_MANY', `${at}/unsetLimits`, message)];
  }
  return command.unsetLimits.flatMap((resource, index) => {
    const path = `${at}/unsetLimits/${index}`;
    if (!resources.has(resource)) {
      return [violation('RESOURCE_UNKNOWN', path, `${resource} is not declared.`)];
    }
    if (limitFor(command.setLimits, resource) === null) return [];
    return [violation('LIMIT_DUPLICATE', path, `${resource} is both set and unset.`)];
  });
}
