import type { CommandEnvelope, Evidence, ResourceLimit } from '@prorata/schemas';
import { proposalsOf } from '../evolve/openProposals.ts';
import { byCodeUnit } from '../ids.ts';
import type {
  ApplicationState,
  Decision,
  DecisionContext,
  ProposalOrigin,
  ProposalState,
  QuotaState,
} from '../model.ts';
import { PROPOSALS_OPEN_MAX } from '../modelBounds.ts';
import { about, accept, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The open proposal and its quota; the version expected is the quota's. */
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

export function isProposer({ provenance }: ProposalState, { actor }: CommandEnvelope): boolean {
  const proposer = provenance.actor;
  return proposer.issuer === actor.issuer && proposer.subject === actor.subject;
}

/** What a proposal would change. */
export interface ProposedChange {
  readonly limits: readonly ResourceLimit[];
  readonly unsetLimits: readonly string[];
  /** null: a change of the base limits. */
  readonly evidence: Evidence | null;
  readonly origin: ProposalOrigin;
}

/** One open proposal a resource: two would each be judged without the other. */
export function openProposal(
  state: ApplicationState,
  quota: QuotaState,
  change: ProposedChange,
  { now, streamVersion }: DecisionContext,
): Decision {
  const resources = resourcesIn(change);
  for (const open of proposalsOf(state, quota.quotaId)) {
    const both = resourcesIn(open).find((resource) => resources.includes(resource));
    if (both === undefined) continue;
    return refuse('PROPOSAL_OPEN', '', `Proposal ${open.proposalId} for ${both} is open.`);
  }
  if (state.proposals.size >= PROPOSALS_OPEN_MAX) {
    const message = `${PROPOSALS_OPEN_MAX} proposals are open in ${state.id}.`;
    return refuse('TOO_MANY', '', message);
  }
  const proposalId = `${state.id}-p${(streamVersion + 1n).toString()}`;
  const data = {
    proposalId,
    limits: [...change.limits].sort((a, b) => byCodeUnit(a.resource, b.resource)),
    unsetLimits: [...change.unsetLimits].sort(byCodeUnit),
    evidence: change.evidence,
    origin: change.origin,
    expiresAt: now + state.registration.proposalLifetimeMicros,
  };
  return accept([{ type: 'ChangeProposed', data, ...about(quota) }], proposalId);
}

function resourcesIn({ limits, unsetLimits }: Pick<ProposedChange, 'limits' | 'unsetLimits'>) {
  return [...limits.map(({ resource }) => resource), ...unsetLimits];
}
