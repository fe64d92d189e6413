import type { ResizeQuota } from '@prorata/schemas';
import { resizeAuthorityViolations } from '../authority/authorityViolations.ts';
import { isRobot, rolesAt } from '../authority/sender.ts';
import { safetyOf } from '../authority/waivers.ts';
import { PROPOSALS_OPEN_MAX } from '../modelBounds.ts';
import { declaredLimit } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { evidenceViolations } from '../validate/evidence.ts';
import { resizeChange, resizeViolations } from '../validate/resize.ts';
import { about, accept, alreadySo, refusal, refuse } from './answer.ts';
import { requireQuota } from './preconditions.ts';

/** A robot's resize waits for a person where the application says so; anybody else's applies. */
export function resizeQuota(
  state: ApplicationState,
  command: ResizeQuota,
  context: DecisionContext,
): Decision {
  const { quotaId, limit, evidence, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const refused = refusal([
    ...resizeAuthorityViolations(state, quota, limit, envelope),
    ...resizeViolations(state, quota, limit, rolesAt(envelope, quotaId)),
    ...evidenceViolations(evidence, '/evidence'),
  ]);
  if (refused !== null) return refused;
  if (sameLimit(declaredLimit(quota, limit.resource), limit)) return alreadySo;
  const mustWait = isRobot(envelope) && state.registration.robotChanges === 'propose';
  if (mustWait) return openProposal(state, quota, command, context);
  const change = resizeChange(state, quota, limit);
  const safety = safetyOf(change, envelope, context, evidence.windowEnd);
  const data = { limit, evidence, proposalId: null };
  return (
    refusal(safety.violations) ??
    accept([{ type: 'QuotaResized', data, ...about(quota) }], null, safety.waivers)
  );
}

function openProposal(
  state: ApplicationState,
  quota: QuotaState,
  command: ResizeQuota,
  context: DecisionContext,
): Decision {
  const { limit, evidence } = command;
  for (const open of state.proposals.values()) {
    if (open.quotaId !== quota.quotaId || open.limit.resource !== limit.resource) continue;
    const message = `Proposal ${open.proposalId} for ${limit.resource} is open.`;
    return refuse('PROPOSAL_OPEN', '/limit', message);
  }
  if (state.proposals.size >= PROPOSALS_OPEN_MAX) {
    const message = `${PROPOSALS_OPEN_MAX} proposals are open in ${state.id}.`;
    return refuse('TOO_MANY', '', message);
  }
  const proposalId = `${state.id}-p${(context.streamVersion + 1n).toString()}`;
  const expiresAt = context.now + state.registration.proposalLifetimeMicros;
  const data = { proposalId, limit, evidence, expiresAt };
  return accept([{ type: 'ProposalOpened', data, ...about(quota) }], proposalId);
}
