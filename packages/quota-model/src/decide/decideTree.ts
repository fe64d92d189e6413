/**
 * Decisions about a tree, one step or many: the steps are drafted in order, each judged by its own shape,
 * and the resulting tree is judged once. So every command that changes quotas passes the same checks.
 */
import type { CommandEnvelope, TreeStep, Violation } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext, EventDraft } from '../model.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import type { Sender } from '../authority/sender.ts';
import { safetyOf } from '../authority/waivers.ts';
import { changeViolations } from '../validate/changeViolations.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse } from './answer.ts';
import { awaitApproval } from './awaitApproval.ts';
import { namelessFault } from './openProposals.ts';
import type { ExpectedTerms } from './preconditions.ts';
import { TreeDraft, originOf } from './treeDraft.ts';

/** What a step knows of its command. */
export interface StepTerms extends ExpectedTerms {
  readonly sender: Sender;
}

/**
 * @param steps drafts events, and gives what is wrong with the steps by themselves
 * @param approval whether a second person has agreed to a raise that waits for one, or else what would be
 *   proposed to that person; no steps: it cannot be proposed as a whole; refused: nothing of it can
 */
export function decideTree(
  state: ApplicationState,
  envelope: CommandEnvelope,
  context: DecisionContext,
  steps: (draft: TreeDraft) => readonly Violation[],
  approval: 'given' | 'refused' | { readonly steps: readonly TreeStep[] },
): Decision {
  const draft = new TreeDraft(state, originOf(envelope, context));
  const faults = refusal(steps(draft));
  if (faults !== null) return faults;
  const { events } = draft;
  if (events.length === 0) return alreadySo;
  if (events.length > EVENTS_PER_DECISION_MAX) return tooManyEvents(events.length);
  const change = draft.change();
  const judged = changeViolations({ change, envelope, context });
  const safety = safetyOf(change, envelope, context);
  const all = [...draft.objections, ...judged, ...safety.violations];
  const refused = refusal(all);
  if (refused !== null) return refused;
  const waits =
    approval === 'given'
      ? null
      : awaitApproval(draft, approval === 'refused' ? null : approval.steps, envelope, context);
  if (waits === null) return accept(events, null, safety.waivers);
  if (waits.kind === 'refused') return waits;
  // Its approval is an event more: what could never be approved does not wait.
  if (events.length >= EVENTS_PER_DECISION_MAX) return tooManyEvents(events.length + 1);
  return (
    namelessFault(state, envelope, 'threshold') ?? { ...waits, awaited: awaitedOf(waits, events) }
  );
}

/** A proposal of the limits of one quota is approved by two small events, which always fit. */
function awaitedOf(
  { events: [proposed] }: Extract<Decision, { kind: 'accepted' }>,
  events: readonly EventDraft[],
): readonly EventDraft[] {
  if (proposed?.type !== 'TreeChangeProposed') return [];
  const { proposalId } = proposed.data;
  return [{ type: 'ProposalApproved', data: { proposalId }, ...aboutNoQuota }, ...events];
}

/** A command that is one step, as it would be proposed. */
export function proposable(
  envelope: CommandEnvelope,
  step: Partial<Omit<TreeStep, 'expectedVersion'>>,
): { readonly steps: readonly TreeStep[] } {
  const none = {
    create: null,
    change: null,
    move: null,
    delete: null,
    restore: null,
    resize: null,
  };
  return { steps: [{ ...none, ...step, expectedVersion: envelope.expectedVersion }] };
}

/** A command that is one step. */
export function onlyStep(envelope: CommandEnvelope): StepTerms {
  return { path: '', sender: envelope, expectedVersion: envelope.expectedVersion };
}

export function tooManyEvents(events: number): Decision {
  const message = `It would yield ${events} events; at most ${EVENTS_PER_DECISION_MAX} are decided at once.`;
  return refuse('TOO_MANY_EVENTS', '', message);
}
