import type { QuotaContent, RestoreQuota, Violation } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { wholeContentViolations } from '../validate/contentShape.ts';
import { contentHash } from '../versions/contentHash.ts';
import { VERSIONS_KEPT_MAX, keptAt, oldestKept, shortHash } from '../versions/keptVersions.ts';
import { violation } from './answer.ts';
import { inOrder } from './createQuota.ts';
import { decideTree, onlyStep, proposable } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { draftContent } from './draftContent.ts';
import { quotaAt } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * Lets an earlier content hold again: judged as the change that it is, by the rules of now. Who owns the
 * quota and who pays stay as they are, for handing a quota on is a transfer's.
 */
export function restoreQuota(
  state: ApplicationState,
  command: RestoreQuota,
  context: DecisionContext,
): Decision {
  const { envelope, ...restore } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] =>
    restoreStep(draft, restore, onlyStep(envelope));
  return decideTree(state, envelope, context, drafted, proposable(envelope, { restore }));
}

export function restoreStep(
  draft: TreeDraft,
  { quotaId, version, content }: Omit<RestoreQuota, 'envelope'>,
  terms: StepTerms,
): readonly Violation[] {
  const { path, sender } = terms;
  const state = draft.after;
  const found = quotaAt(state, quotaId, terms);
  if ('fault' in found) return [withWayBack(found.fault)];
  const { quota } = found;
  const ownership = ownershipViolations(state, quotaId, sender);
  if (ownership.length > 0) return ownership;
  const unkept = versionFault(quota, version, path);
  if (unkept !== null) return [unkept];
  const { resources } = state.registration;
  const roles = rolesAt(sender, quotaId);
  // Before it is hashed: this also bounds how much there is to hash.
  const shape = wholeContentViolations(content, `${path}/content`, { resources, roles });
  if (shape.length > 0) return shape;
  const mismatch = contentFault(quota, version, content, path);
  if (mismatch !== null) return [mismatch];
  const { owner, project } = quota.content;
  const restored = inOrder({ ...content, owner, project });
  const hash = contentHash(restored);
  if (hash === contentHash(quota.content)) return [];
  const data = { fromVersion: version, content: restored, contentHash: hash };
  draftContent(draft, quota, { type: 'QuotaRestored', data }, terms, (of) => pathIn(content, of));
  return [];
}

/** Of a quota that is gone nothing is kept here. */
function withWayBack(fault: Violation): Violation {
  if (fault.code !== 'QUOTA_UNKNOWN') return fault;
  const message = `${fault.message} One that was deleted comes back by its creation with that content.`;
  return { ...fault, message };
}

function versionFault(quota: QuotaState, version: bigint, path: string): Violation | null {
  const at = `${path}/version`;
  if (version < 1n || version > quota.version) {
    const message = `${quota.quotaId} has the versions 1 to ${quota.version.toString()}.`;
    return violation('VERSION_UNKNOWN', at, message);
  }
  if (keptAt(quota, version) !== null) return null;
  const message =
    `The last ${VERSIONS_KEPT_MAX} contents of a quota can be checked: of ${quota.quotaId} those ` +
    `since version ${oldestKept(quota).toString()}.`;
  return violation('VERSION_NOT_KEPT', at, message);
}

function contentFault(
  quota: QuotaState,
  version: bigint,
  content: QuotaContent,
  path: string,
): Violation | null {
  if (keptAt(quota, version)?.hash === shortHash(contentHash(content))) return null;
  const message = `This is not what version ${version.toString()} of ${quota.quotaId} declared.`;
  return violation('CONTENT_MISMATCH', `${path}/content`, message);
}

/** Where in the command stands what a raise or a limit is about. */
function pathIn(content: QuotaContent, of: string | null): string {
  if (of === null) return '/content';
  const index = content.limits.findIndex(({ resource }) => resource === of);
  if (index >= 0) return `/content/limits/${index}`;
  // A limit of now that the version did not have.
  return Object.hasOwn(content, of) ? `/content/${of}` : '/content/limits';
}
