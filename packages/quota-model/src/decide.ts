/** Every decision: a command against the state of its stream. Pure; it never changes its arguments. */
import type { CommandMessage } from '@prorata/schemas';
import { attestedDecision } from './attestations/attestedDecision.ts';
import { commandViolations } from './authority/authorityViolations.ts';
import { safetyShapeViolations } from './authority/waivers.ts';
import { refusal, refuse } from './decide/answer.ts';
import { advanceRollout } from './decide/advanceRollout.ts';
import { applyHaircut } from './decide/applyHaircut.ts';
import { approveProposal } from './decide/approveProposal.ts';
import { changeQuota } from './decide/changeQuota.ts';
import { changeTree } from './decide/changeTree.ts';
import { createQuota } from './decide/createQuota.ts';
import { tooManyEvents } from './decide/decideTree.ts';
import { declareQuota } from './decide/declareQuota.ts';
import { definePriceBook } from './decide/definePriceBook.ts';
import { deleteQuota } from './decide/deleteQuota.ts';
import { liftHaircut } from './decide/liftHaircut.ts';
import { liftOverride } from './decide/liftOverride.ts';
import { decideForOrganization } from './decide/organization.ts';
import type { OrganizationCommand } from './decide/organization.ts';
import { moveQuota } from './decide/moveQuota.ts';
import { overrideQuota } from './decide/overrideQuota.ts';
import { pauseRollout, resumeRollout } from './decide/pauseRollout.ts';
import { promoteRollout } from './decide/promoteRollout.ts';
import { publishTierPolicy } from './decide/publishTierPolicy.ts';
import { recordRehearsal } from './decide/recordRehearsal.ts';
import { registerApplication } from './decide/registerApplication.ts';
import { rejectProposal } from './decide/rejectProposal.ts';
import { requestIncrease } from './decide/requestIncrease.ts';
import { resizeQuota } from './decide/resizeQuota.ts';
import { restoreQuota } from './decide/restoreQuota.ts';
import { resumeQuota } from './decide/resumeQuota.ts';
import { rollBackRollout } from './decide/rollBackRollout.ts';
import { setEntitlement } from './decide/setEntitlement.ts';
import { startRollout } from './decide/startRollout.ts';
import { suspendQuota } from './decide/suspendQuota.ts';
import { transferQuota } from './decide/transferQuota.ts';
import { withdrawProposal } from './decide/withdrawProposal.ts';
import { RESERVED_SEGMENTS, parseStream } from './ids.ts';
import type { StreamKind } from './ids.ts';
import { EVENTS_PER_DECISION_MAX, REASON_LENGTH_MAX } from './modelBounds.ts';
import type { ApplicationState, Decide, Decision, DecisionContext, StreamState } from './model.ts';

/** The kind of stream that decides each command. */
const kindOf = {
  AdvanceRollout: 'application',
  AllocateEntitlement: 'organization',
  ApplyHaircut: 'application',
  ApproveProposal: 'application',
  BeginCut: 'organization',
  ChangeQuota: 'application',
  CompleteAllocation: 'organization',
  CompleteCut: 'organization',
  ChangeTree: 'application',
  ClosePeriod: 'organization',
  CreateQuota: 'application',
  DeclareQuota: 'application',
  DefineBudget: 'organization',
  DefinePriceBook: 'pricebook',
  DefineProject: 'organization',
  DefineTeam: 'organization',
  DeleteQuota: 'application',
  GrantCredit: 'organization',
  LiftBudgetOverride: 'organization',
  LiftHaircut: 'application',
  LiftOverride: 'application',
  MoveQuota: 'application',
  OverrideBudget: 'organization',
  OverrideQuota: 'application',
  PauseRollout: 'application',
  PromoteRollout: 'application',
  PublishTierPolicy: 'tierpolicy',
  RecordRehearsal: 'application',
  RecordThreshold: 'organization',
  RegisterApplication: 'application',
  RegisterOrganization: 'organization',
  RehearseCut: 'organization',
  RejectProposal: 'application',
  RequestIncrease: 'application',
  ResizeQuota: 'application',
  RestoreQuota: 'application',
  ResumeQuota: 'application',
  ResumeRollout: 'application',
  RetireBudget: 'organization',
  RetireProject: 'organization',
  RetireTeam: 'organization',
  RollBackRollout: 'application',
  SetEntitlement: 'application',
  StartRollout: 'application',
  SuspendQuota: 'application',
  TransferQuota: 'application',
  WithdrawCredit: 'organization',
  WithdrawProposal: 'application',
} as const satisfies Record<CommandMessage['type'], StreamKind>;

/**
 * Accepted with the events it becomes (none when it is so already), or refused with the checks that
 * failed. A dry run is decided like any other: the writer drops its events.
 *
 * @throws TypeError when the state is of another stream: the caller mixed them up.
 */
export const decide: Decide = (state, command, context) => {
  const stream = parseStream(command.value.envelope.stream);
  const kind = kindOf[command.type];
  if (stream?.kind !== kind) {
    const message = `${command.type} is decided by a stream ${kind}:<id>.`;
    return refuse('WRONG_STREAM', '', message);
  }
  if (kind === 'application' && RESERVED_SEGMENTS.has(stream.id)) {
    return refuse('QUOTA_ID_RESERVED', '', `${stream.id} is reserved.`);
  }
  if (state !== null && (state.kind !== kind || state.id !== stream.id)) {
    throw new TypeError(`The state of ${state.kind}:${state.id} cannot decide for another stream.`);
  }
  if (command.value.envelope.reason.length > REASON_LENGTH_MAX) {
    return refuse('TOO_LARGE', '/reason', `A reason has at most ${REASON_LENGTH_MAX} characters.`);
  }
  const closed = refusal([
    ...commandViolations(command),
    ...safetyShapeViolations(command.value.envelope),
  ]);
  if (closed !== null) return closed;
  return within(decideIn(state, stream.id, command, context));
};

/** Refused here, while it costs nothing: the writer would stamp every event before it could see. */
function within(decision: Decision): Decision {
  if (decision.kind !== 'accepted' || decision.events.length <= EVENTS_PER_DECISION_MAX) {
    return decision;
  }
  return tooManyEvents(decision.events.length);
}

function decideIn(
  state: StreamState | null,
  id: string,
  command: CommandMessage,
  context: DecisionContext,
): Decision {
  switch (command.type) {
    case 'AllocateEntitlement':
    case 'BeginCut':
    case 'ClosePeriod':
    case 'CompleteAllocation':
    case 'CompleteCut':
    case 'DefineBudget':
    case 'DefineProject':
    case 'DefineTeam':
    case 'GrantCredit':
    case 'LiftBudgetOverride':
    case 'OverrideBudget':
    case 'RecordThreshold':
    case 'RegisterOrganization':
    case 'RehearseCut':
    case 'RetireBudget':
    case 'RetireProject':
    case 'RetireTeam':
    case 'WithdrawCredit':
      return decideForOrganization(as(state, 'organization'), id, command, context);
    case 'DefinePriceBook':
      return definePriceBook(as(state, 'pricebook'), command.value, context);
    case 'PublishTierPolicy':
      return publishTierPolicy(as(state, 'tierpolicy'), command.value);
    case 'RegisterApplication':
      return registerApplication(as(state, 'application'), command.value, context);
    default:
      return decideForApplication(state, id, command, context);
  }
}

/** What an application decides once it is registered. */
type ApplicationCommand = Exclude<
  CommandMessage,
  OrganizationCommand | { type: 'DefinePriceBook' | 'PublishTierPolicy' | 'RegisterApplication' }
>;

function decideForApplication(
  streamState: StreamState | null,
  id: string,
  command: ApplicationCommand,
  context: DecisionContext,
): Decision {
  const state = as(streamState, 'application');
  if (state === null) {
    return refuse('APPLICATION_UNKNOWN', '', `The application ${id} is not registered.`);
  }
  return attestedDecision(state, command, context, (known) => decideKnown(known, command, context));
}

function decideKnown(
  state: ApplicationState,
  command: ApplicationCommand,
  context: DecisionContext,
): Decision {
  switch (command.type) {
    case 'AdvanceRollout':
      return advanceRollout(state, command.value, context);
    case 'ApplyHaircut':
      return applyHaircut(state, command.value, context);
    case 'ApproveProposal':
      return approveProposal(state, command.value, context);
    case 'ChangeQuota':
      return changeQuota(state, command.value, context);
    case 'ChangeTree':
      return changeTree(state, command.value, context);
    case 'CreateQuota':
      return createQuota(state, command.value, context);
    case 'DeclareQuota':
      return declareQuota(state, command.value, context);
    case 'DeleteQuota':
      return deleteQuota(state, command.value, context);
    case 'LiftHaircut':
      return liftHaircut(state, command.value, context);
    case 'LiftOverride':
      return liftOverride(state, command.value);
    case 'MoveQuota':
      return moveQuota(state, command.value, context);
    case 'OverrideQuota':
      return overrideQuota(state, command.value, context);
    case 'PauseRollout':
      return pauseRollout(state, command.value, context);
    case 'PromoteRollout':
      return promoteRollout(state, command.value, context);
    case 'RecordRehearsal':
      return recordRehearsal(state, command.value, context);
    case 'RejectProposal':
      return rejectProposal(state, command.value, context);
    case 'RequestIncrease':
      return requestIncrease(state, command.value, context);
    case 'ResizeQuota':
      return resizeQuota(state, command.value, context);
    case 'RestoreQuota':
      return restoreQuota(state, command.value, context);
    case 'ResumeQuota':
      return resumeQuota(state, command.value);
    case 'ResumeRollout':
      return resumeRollout(state, command.value, context);
    case 'RollBackRollout':
      return rollBackRollout(state, command.value, context);
    case 'StartRollout':
      return startRollout(state, command.value, context);
    case 'SuspendQuota':
      return suspendQuota(state, command.value, context);
    case 'TransferQuota':
      return transferQuota(state, command.value, context);
    case 'WithdrawProposal':
      return withdrawProposal(state, command.value, context);
    case 'SetEntitlement':
      return setEntitlement(state, command.value, context);
  }
}

function as<K extends StreamState['kind']>(
  state: StreamState | null,
  kind: K,
): Extract<StreamState, { kind: K }> | null {
  return state?.kind === kind ? (state as Extract<StreamState, { kind: K }>) : null;
}
