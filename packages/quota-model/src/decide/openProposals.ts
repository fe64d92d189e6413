import type { CommandEnvelope, Evidence, ResourceLimit } from '@prorata/schemas';
import { isNamelessProposer } from '../authority/sender.ts';
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
import { about, aboutNoQuota, accept, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** An open proposal. */
export interface OpenProposal {
  readonly proposal: ProposalState;
  /** null: it is of steps, and about no one quota. */
  readonly quota: QuotaState | null;
}

/** The open proposal; the version expected is its quota's, or the stream's where it is about none. */
export function requireProposal(
  state: ApplicationState,
  proposalId: string,
  envelope: CommandEnvelope,
  { streamVersion }: DecisionContext,
): OpenProposal | { readonly refused: Decision } {
  const proposal = state.proposals.get(proposalId);
  const isOfSteps = proposal !== undefined && proposal.steps.length > 0;
  const quota = isOfSteps ? null : (state.quotas.get(proposal?.quotaId ?? '') ?? null);
  if (proposal === undefined || (quota === null && !isOfSteps)) {
    return { refused: refuse('PROPOSAL_UNKNOWN', '/proposalId', notOpen(proposalId)) };
  }
  const refused = versionFault(envelope, quota?.version ?? streamVersion);
  return refused === null ? { proposal, quota } : { refused };
}

/** Decided ones are not kept here: who decided, and when, is the log's to tell. */
function notOpen(proposalId: string): string {
  return (
    `There is no open proposal ${proposalId}: it may have been decided or withdrawn, have expired, or ` +
    `never have been. GET /v1/proposals/${proposalId} says what became of it.`
  );
}

/** What the end of a proposal is about. */
export function aboutProposal({ quota }: OpenProposal) {
  return quota === null ? aboutNoQuota : about(quota);
}

/**
 * That a proposal which needs two persons has a proposer whom nobody knows from the second: one above the
 * threshold, and where there is one, of raises or creations, a request too: it may be above it by then.
 *
 * @param path JSON pointer of what is refused
 */
export function namelessFault(
  { registration }: ApplicationState,
  proposer: Pick<CommandEnvelope, 'actor'>,
  origin: ProposalOrigin,
  path = '',
): Decision | null {
  const { raiseApprovalAboveBasisPoints, creationApprovalAboveBasisPoints } =
    registration.changePolicy;
  const hasThreshold =
    raiseApprovalAboveBasisPoints !== null || creationApprovalAboveBasisPoints !== null;
  const needsTwo = origin === 'threshold' || hasThreshold;
  if (!needsTwo || !isNamelessProposer(proposer)) return null;
  const message =
    `It needs a second person, and the API key of ${proposer.actor.subject} names no issuer: ` +
    'its holder could be that person.';
  return refuse('KEY_WITHOUT_ISSUER', path, message);
}

export function isProposer(
  { provenance }: ProposalState,
  { actor }: Pick<CommandEnvelope, 'actor'>,
): boolean {
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
  const full = openProposalFault(state);
  if (full !== null) return full;
  const proposalId = nextProposalId(state, streamVersion);
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

/** That no further proposal may wait. */
export function openProposalFault({ id, proposals }: ApplicationState): Decision | null {
  if (proposals.size < PROPOSALS_OPEN_MAX) return null;
  return refuse('TOO_MANY', '', `${PROPOSALS_OPEN_MAX} proposals are open in ${id}.`);
}

/** Named after the version that its event takes the stream to. */
export function nextProposalId({ id }: ApplicationState, streamVersion: bigint): string {
  return `${id}-p${(streamVersion + 1n).toString()}`;
}

function resourcesIn({ limits, unsetLimits }: Pick<ProposedChange, 'limits' | 'unsetLimits'>) {
  return [...limits.map(({ resource }) => resource), ...unsetLimits];
}
