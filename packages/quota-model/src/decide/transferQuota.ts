import type { TransferQuota, Violation } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { operates } from '../authority/sender.ts';
import { isProjectId, parentOf } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import { textViolations } from '../validate/contentShape.ts';
import { about, violation } from './answer.ts';
import { payerFault } from './createQuota.ts';
import { decideTree } from './decideTree.ts';
import { liftCutsOfOthers } from './liftCutsOfOthers.ts';
import { quotaAt } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * Hands a quota on. A new payer pays for the whole subtree, so the cuts that budgets of others made there
 * are lifted in the same decision; what the new one overspends, its own budgets cut.
 */
export function transferQuota(
  state: ApplicationState,
  command: TransferQuota,
  context: DecisionContext,
): Decision {
  const { envelope } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] => transferStep(draft, command);
  return decideTree(state, envelope, context, drafted, { steps: [] });
}

function transferStep(draft: TreeDraft, command: TransferQuota): readonly Violation[] {
  const { quotaId, envelope } = command;
  const found = quotaAt(draft.after, quotaId, {
    expectedVersion: envelope.expectedVersion,
    path: '',
  });
  if ('fault' in found) return [found.fault];
  const { quota } = found;
  const refused = [
    ...ownershipViolations(draft.after, quotaId, envelope),
    ...payerViolations(draft.after, command),
    ...shapeViolations(command),
  ];
  if (refused.length > 0) return refused;
  const { content } = quota;
  const owner = command.owner ?? content.owner;
  const project = command.project ?? content.project;
  if (owner === content.owner && project === content.project) return [];
  const isPaidElse = project !== null && project !== projectOf(draft.after, quotaId);
  const ids = isPaidElse ? draft.subtreeToMove(quotaId) : [];
  if (ids === null) {
    const message = `More than ${EVENTS_PER_DECISION_MAX} quotas would change their payer at once.`;
    return [violation('TOO_MANY_EVENTS', '/project', message)];
  }
  const others = ids.filter((id) => id !== quotaId && hasOtherPayer(draft.after, id, project));
  const [other] = others;
  if (other !== undefined) {
    const message = `${other} and what is below it is paid for by another: transfer it first.`;
    return [violation('PAYER_CONFLICT', '/project', message)];
  }
  draft.append(transferred(quota, owner, project), (resource) =>
    resource === null ? '' : '/project',
  );
  for (const id of ids) liftCutsOfOthers(draft, id, project, '/project');
  return [];
}

function shapeViolations({ owner, project }: TransferQuota): Violation[] {
  if (owner === null && project === null) {
    return [violation('QUOTA_INVALID', '', 'Name the new owner, the new payer, or both.')];
  }
  const violations = owner === null ? [] : textViolations(owner, '/owner');
  if (owner === '') violations.push(violation('QUOTA_INVALID', '/owner', 'The owner is empty.'));
  if (project !== null && !isProjectId(project)) {
    const message = 'The project is <organization>/<project>.';
    violations.push(violation('PROJECT_INVALID', '/project', message));
  }
  return violations;
}

/** Whose money pays is not the owner's to say. */
function payerViolations(
  state: ApplicationState,
  { quotaId, project, envelope }: TransferQuota,
): Violation[] {
  if (project === null) return [];
  const parent = parentOf(quotaId);
  if (!operates(envelope, parent)) {
    const message = `Who pays for ${quotaId} is for an operator of ${parent} to say.`;
    return [violation('NOT_ALLOWED', '/project', message)];
  }
  const conflict = payerFault(state, parent, project, '/project');
  return conflict === null ? [] : [conflict];
}

function hasOtherPayer(state: ApplicationState, quotaId: string, project: string | null): boolean {
  const own = state.quotas.get(quotaId)?.content.project ?? null;
  return own !== null && own !== project;
}

function transferred(quota: QuotaState, owner: string, project: string | null) {
  const { owner: formerOwner, project: formerProject } = quota.content;
  const data = { owner, project, formerOwner, formerProject };
  return { type: 'QuotaTransferred', data, ...about(quota) } as const;
}
