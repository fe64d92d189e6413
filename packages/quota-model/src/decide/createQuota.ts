import type { CreateQuota, QuotaContent, Violation } from '@prorata/schemas';
import { authorityViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import {
  applicationOf,
  byCodeUnit,
  parentOf,
  quotaIdFault,
  quotaIdFormFault,
  quoted,
  SEGMENTS_MAX,
} from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { QUOTAS_PER_APPLICATION_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import { wholeContentViolations } from '../validate/contentShape.ts';
import { contentHash } from '../versions/contentHash.ts';
import { violation } from './answer.ts';
import { decideTree, onlyStep, proposable } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { versionFaultAt } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

export function createQuota(
  state: ApplicationState,
  command: CreateQuota,
  context: DecisionContext,
): Decision {
  const { envelope, ...create } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] =>
    createStep(draft, create, onlyStep(envelope));
  return decideTree(state, envelope, context, drafted, proposable(envelope, { create }));
}

/** Adds the quota to the draft, or says why it may not stand there by itself. */
export function createStep(
  draft: TreeDraft,
  { quotaId, content }: Pick<CreateQuota, 'quotaId' | 'content'>,
  { path, sender, expectedVersion }: StepTerms,
): readonly Violation[] {
  const state = draft.after;
  const misplaced =
    placeFault(state, quotaId, path) ??
    versionFaultAt(expectedVersion, 0n, path) ??
    payerFault(state, parentOf(quotaId), content.project, `${path}/content/project`);
  if (misplaced !== null) return [misplaced];
  const after = { content, rightsized: new Map() };
  const authority = authorityViolations(
    state,
    { quotaId, before: null, after },
    sender,
    (of) => `${path}${contentPathOf(content, of)}`,
  );
  if (authority.length > 0) return authority;
  const { resources } = state.registration;
  const roles = rolesAt(sender, quotaId);
  const shape = wholeContentViolations(content, `${path}/content`, { resources, roles });
  if (shape.length > 0) return shape;
  const named = content.limits.map((limit) => limit.resource);
  const declared = inOrder(content);
  const data = { content: declared, contentHash: contentHash(declared) };
  draft.append({ type: 'QuotaCreated', data, quotaId, quotaVersion: 1n }, (resource) =>
    resource === null ? path : `${path}/content/limits/${named.indexOf(resource)}`,
  );
  return [];
}

/** Where in the content stands what a raise is about. */
function contentPathOf(content: QuotaContent, of: string): string {
  const index = content.limits.findIndex(({ resource }) => resource === of);
  return index < 0 ? `/content/${of}` : `/content/limits/${index}`;
}

function placeFault(state: ApplicationState, quotaId: string, path: string): Violation | null {
  const at = `${path}/quotaId`;
  const fault = idFault(state, quotaId, at);
  if (fault !== null) return fault;
  if (state.quotas.has(quotaId)) {
    return violation('QUOTA_EXISTS', at, `${quotaId} is there already.`);
  }
  const parent = parentOf(quotaId);
  if (parent !== state.id && !state.quotas.has(parent)) {
    return violation('PARENT_UNKNOWN', at, `The parent ${parent} does not exist.`);
  }
  if (state.quotas.size >= QUOTAS_PER_APPLICATION_MAX) {
    const message = `${state.id} has ${QUOTAS_PER_APPLICATION_MAX} quotas, the most it may have.`;
    return violation('TOO_MANY', at, message);
  }
  return null;
}

/** What is wrong with an id that a quota is to have, or null. */
export function idFault(state: ApplicationState, quotaId: string, at: string): Violation | null {
  const fault = quotaIdFault(quotaId);
  if (fault === 'form') return violation('QUOTA_ID_INVALID', at, quotaIdFormFault(quotaId));
  if (fault === 'depth') {
    const message = `${quoted(quotaId)} has more than ${SEGMENTS_MAX} segments.`;
    return violation('QUOTA_TOO_DEEP', at, message);
  }
  if (fault === 'reserved') {
    return violation('QUOTA_ID_RESERVED', at, `${quotaId} uses a reserved name.`);
  }
  if (applicationOf(quotaId) === state.id) return null;
  const message = `${quotaId} belongs to another application than ${state.id}.`;
  return violation('WRONG_STREAM', at, message);
}

/** One payer for a whole subtree below where it is set. */
export function payerFault(
  state: ApplicationState,
  parent: string,
  project: string | null,
  path: string,
): Violation | null {
  const payer = projectOf(state, parent);
  if (project === null || payer === null || payer === project) return null;
  return violation('PAYER_CONFLICT', path, `${payer} pays for everything below ${parent}.`);
}

/** Lists by resource are kept sorted, so that equal contents are equal events. */
export function inOrder(content: QuotaContent): QuotaContent {
  const byResource = (a: { resource: string }, b: { resource: string }): number =>
    byCodeUnit(a.resource, b.resource);
  return {
    ...content,
    limits: [...content.limits].sort(byResource),
    rightsizing: [...content.rightsizing].sort(byResource),
  };
}
