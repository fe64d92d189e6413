import type { DeleteQuota } from '@prorata/schemas';
import { authorityViolations } from '../authority/authorityViolations.ts';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, Decision, EventDraft } from '../model.ts';
import { about, accept, refusal, refuse } from './answer.ts';
import { requireQuota } from './preconditions.ts';

/** Open proposals of the quota are rejected first, so that none is left waiting for nothing. */
export function deleteQuota(state: ApplicationState, command: DeleteQuota): Decision {
  const found = requireQuota(state, command.quotaId, command.envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const step = { quotaId: quota.quotaId, before: quota, after: null };
  const authority = refusal(authorityViolations(state, step, command.envelope));
  if (authority !== null) return authority;
  const children = state.children.get(quota.quotaId)?.size ?? 0;
  if (children > 0) {
    const message = `${quota.quotaId} has ${children} children.`;
    return refuse('QUOTA_HAS_CHILDREN', '/quotaId', message);
  }
  const events: EventDraft[] = [...state.proposals.values()]
    .filter((proposal) => proposal.quotaId === quota.quotaId)
    .map((proposal) => proposal.proposalId)
    .sort(byCodeUnit)
    .map((proposalId, index) => ({
      type: 'ProposalRejected',
      data: { proposalId },
      ...about(quota, BigInt(index) + 1n),
    }));
  const last = about(quota, BigInt(events.length) + 1n);
  return accept([...events, { type: 'QuotaDeleted', data: {}, ...last }]);
}
