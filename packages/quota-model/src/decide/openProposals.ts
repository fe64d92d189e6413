import type { CommandEnvelope } from '@prorata/schemas';
import type { ApplicationState, Decision, ProposalState, QuotaState } from '../model.ts';
import { refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The open proposal and its quota, for a person to decide; the version expected is the quota's. */
export function requireProposal(
  state: ApplicationState,
  proposalId: string,
  envelope: CommandEnvelope,
):
  | { readonly proposal: ProposalState; readonly quota: QuotaState }
  | { readonly refused: Decision } {
  const proposal = state.proposals.get(proposalId);
  const quota = state.quotas.get(proposal?.quotaId ?? '');
  if (proposal === undefined || quota === undefined) {
    const message = `There is no open proposal ${proposalId}.`;
    return { refused: refuse('PROPOSAL_UNKNOWN', '/proposalId', message) };
  }
  const refused = versionFault(envelope, quota.version);
  return refused === null ? { proposal, quota } : { refused };
}
