import type { EventEnvelope, EventMessage, TreeStep } from '@prorata/schemas';
import { BrokenStream } from '../faults.ts';
import { cutKey } from '../indexes/quotaIndexes.ts';
import { entitlementKey } from '../payers.ts';
import type { ApplicationState, EntitlementState, ProposalState, Registration } from '../model.ts';
import { emptyDerived } from '../snapshot/derivedFields.ts';
import { extendSuspensions } from '../suspension.ts';
import { aliasFor } from './aliases.ts';
import { meantSteps } from './meantSteps.ts';
import type { MeantStep } from './meantSteps.ts';
import { addProposal, removeProposal } from './openProposals.ts';
import { evolveQuota } from './quota.ts';
import type { QuotaEvent } from './quota.ts';
import { rememberRehearsal } from './rehearsals.ts';
import { evolveRollout } from './rollouts.ts';
import type { RolloutEvent } from './rollouts.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

type ApplicationEvent =
  | EventOf<'ApplicationRegistered' | 'CutFollowed' | 'EntitlementSet' | 'RightsizingRehearsed'>
  | EventOf<
      | 'ChangeProposed'
      | 'ProposalApproved'
      | 'ProposalExpired'
      | 'ProposalOpened'
      | 'ProposalRejected'
      | 'ProposalWithdrawn'
      | 'TreeChangeProposed'
    >
  | QuotaEvent
  | RolloutEvent;

export function evolveApplication(
  state: ApplicationState | null,
  event: ApplicationEvent,
): ApplicationState {
  if (event.type === 'ApplicationRegistered') return register(state, event);
  if (state === null) throw new BrokenStream(event, 'the application is not registered');
  switch (event.type) {
    case 'CutFollowed':
      return followCut(state, event);
    case 'EntitlementSet':
      return setEntitlement(state, event);
    case 'RightsizingRehearsed':
      rememberRehearsal(state, event);
      return state;
    case 'ChangeProposed':
    case 'ProposalOpened':
      raiseVersion(state, event);
      addProposal(state, proposalOf(event));
      return state;
    case 'TreeChangeProposed':
      addProposal(state, treeProposalOf(state, event));
      return state;
    case 'ProposalApproved':
    case 'ProposalExpired':
    case 'ProposalRejected':
    case 'ProposalWithdrawn':
      // What is about no one quota changes no quota's version.
      if (!isOfSteps(state, event)) raiseVersion(state, event);
      if (!removeProposal(state, event.value.proposalId)) {
        throw new BrokenStream(event, `proposal ${event.value.proposalId} is not open`);
      }
      return state;
    case 'RolloutAdvanced':
    case 'RolloutPaused':
    case 'RolloutPromoted':
    case 'RolloutResumed':
    case 'RolloutRolledBack':
    case 'RolloutStarted':
      evolveRollout(state, event);
      return state;
    default:
      evolveQuota(state, event);
      return state;
  }
}

function register(
  state: ApplicationState | null,
  event: EventOf<'ApplicationRegistered'>,
): ApplicationState {
  const registration = registrationOf(event, (state?.registration.version ?? 0n) + 1n);
  if (state !== null) {
    const former = state.registration;
    state.registration = registration;
    extendSuspensions(state, former);
    return state;
  }
  return {
    kind: 'application',
    id: streamIdOf(event, 'application'),
    registration,
    quotas: new Map(),
    overridden: new Set(),
    children: new Map(),
    entitlements: new Map(),
    cutsFollowed: new Map(),
    rehearsals: new Map(),
    proposals: new Map(),
    aliases: new Map(),
    rollouts: new Map(),
    ...emptyDerived(),
  };
}

/** An event from before registrations had versions carries 0. */
function registrationOf(event: EventOf<'ApplicationRegistered'>, version: bigint): Registration {
  const { value } = event;
  if (value.version !== 0n && value.version !== version) {
    throw new BrokenStream(event, 'it skips a version of the registration');
  }
  return {
    version,
    meaningVersion: value.meaningVersion,
    displayName: value.displayName,
    levels: value.levels,
    resources: new Map(value.resources.map((resource) => [resource.name, resource])),
    defaultMode: value.defaultMode,
    defaultOnStale: value.defaultOnStale,
    robotChanges: value.robotChanges,
    proposalLifetimeMicros: value.proposalLifetimeMicros,
    checks: { attributesSchema: value.attributesSchema, rules: value.rules },
    validators: value.validators,
    rightsizing: value.rightsizing,
    changePolicy: value.changePolicy,
    dispatchers: value.dispatchers,
    robotRollout: value.robotRollout,
  };
}

function setEntitlement(
  state: ApplicationState,
  event: EventOf<'EntitlementSet'>,
): ApplicationState {
  const { project, resource, bound, amount, source } = event.value;
  const key = entitlementKey(project, resource);
  const entitlement: EntitlementState = {
    project,
    resource,
    amount: bound === 'amount' ? amount : bound,
    source,
    allocated: source ?? state.entitlements.get(key)?.allocated ?? null,
    provenance: provenanceOf(event),
  };
  state.entitlements.set(key, entitlement);
  return state;
}

function followCut(state: ApplicationState, event: EventOf<'CutFollowed'>): ApplicationState {
  const { project, budgetId, cutId, isEnded } = event.value;
  state.cutsFollowed.set(cutKey(project, budgetId), { cutId, isEnded });
  return state;
}

/** A proposal from before there were others than robots' is one of a robot. */
function proposalOf(event: EventOf<'ChangeProposed' | 'ProposalOpened'>): ProposalState {
  const { proposalId, evidence, expiresAt, envelope } = event.value;
  const quotaId = envelope.quotaId ?? '';
  const provenance = provenanceOf(event);
  const what = { proposalId, quotaId, steps: [], meant: [], evidence, expiresAt, provenance };
  if (event.type === 'ProposalOpened') {
    return { ...what, limits: [event.value.limit], unsetLimits: [], origin: 'robot' };
  }
  const { limits, unsetLimits, origin } = event.value;
  return { ...what, limits, unsetLimits, origin };
}

function treeProposalOf(
  state: ApplicationState,
  event: EventOf<'TreeChangeProposed'>,
): ProposalState {
  const { proposalId, place, steps, origin, expiresAt } = event.value;
  const none = { limits: [], unsetLimits: [], evidence: null };
  const provenance = provenanceOf(event);
  const meant = meantNow(state, steps, provenance.streamVersion);
  return { proposalId, quotaId: place, steps, meant, ...none, origin, expiresAt, provenance };
}

/** Whom the steps mean, by aliases, which they are given here. */
function meantNow(
  state: ApplicationState,
  steps: readonly TreeStep[],
  streamVersion: bigint,
): readonly MeantStep[] {
  let given = 0;
  const aliasOf = (quotaId: string): string =>
    aliasFor(state, quotaId, { streamVersion, given: given++ });
  return meantSteps(state.id, steps, aliasOf).map((meant, index) => {
    const isSeen = steps[index]?.expectedVersion !== null && typeof meant.quota === 'string';
    const quotaId = isSeen ? state.aliases.get(meant.quota) : undefined;
    return { ...meant, version: state.quotas.get(quotaId ?? '')?.version ?? null };
  });
}

function isOfSteps(
  state: ApplicationState,
  { value }: { readonly value: { readonly proposalId: string; readonly envelope: EventEnvelope } },
): boolean {
  const { steps = [] } = state.proposals.get(value.proposalId) ?? {};
  return steps.length > 0 && value.envelope.quotaId === null;
}

/** A proposal is about its quota: the quota's version rises, its layers stay. */
function raiseVersion(state: ApplicationState, event: EventMessage): void {
  const { quotaId, quotaVersion } = event.value.envelope;
  const quota = quotaId === null ? undefined : state.quotas.get(quotaId);
  if (quota === undefined) throw new BrokenStream(event, 'there is no such quota');
  if (quotaVersion !== quota.version + 1n)
    throw new BrokenStream(event, 'it skips a quota version');
  state.quotas.set(quota.quotaId, { ...quota, version: quotaVersion });
}
