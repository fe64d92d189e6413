import { decide, noPreview, previewOf } from '@prorata/quota-model';
import type { Decision, EventDraft, StreamState } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { CommandEnvelope, CommandMessage, CommandOutcome } from '@prorata/schemas';
import type { AcceptedCode, WriterCode } from '../outcomeCodes.ts';
import {
  PARTITION_FULL_REMEDY,
  PROPOSAL_TOO_LARGE_REMEDY,
  TIMERS_PENDING_REMEDY,
  TOO_LARGE_REMEDY,
  TOO_MANY_REMEDY,
} from '../outcomeCodes.ts';
import { bodyHash, formerBodyHash } from './bodyHash.ts';
import { ageFault } from './commandAge.ts';
import type { FirstOutcome } from './firstOutcome.ts';
import { decisionTime } from './partitionState.ts';
import type { PartitionState, StreamHead } from './partitionState.ts';
import type { ReadCommand } from './readCommand.ts';
import { commandKey, isSameBody, outcomeAgain } from './recentCommands.ts';
import { stampEvents, unhashed } from './stampEvents.ts';
import type { CommandCause, StampedEvent } from './stampEvents.ts';
import { vouchedTime } from './vouchedTime.ts';

/** What one record of quota.commands becomes; nothing has changed yet. */
export interface Decided {
  readonly events: readonly StampedEvent[];
  readonly outcome: CommandOutcome;
  /** What it would append were it no dry run, without its hashes; absent of what is none. */
  readonly inEarnest?: readonly StampedEvent[];
  /**
   * Where it opens a proposal, what its approval would append by now: by another approver, whose reason is
   * taken to be as long as the proposer's.
   */
  readonly awaited?: readonly StampedEvent[];
}

const NO_HASH = Buffer.alloc(32);

/**
 * Pure: reads the partition's state and changes nothing.
 * @param now the batch's time, microseconds
 * @param isTooEarly more is due in its stream than a command waits for: what was not decided before is refused
 */
export function decideCommand(
  state: PartitionState,
  read: ReadCommand,
  now: bigint,
  isTooEarly = false,
): Decided {
  const { offset } = read.record;
  const refuse = (code: WriterCode, message: string, command: CommandMessage | null): Decided => {
    const streamVersion = state.streams.get(read.stream)?.version ?? 0n;
    const { stream } = read;
    return refusal({ command, stream, offset, code, message, now, streamVersion });
  };
  if (read.kind === 'unreadable') return refuse('COMMAND_UNREADABLE', read.message, null);
  if (read.kind === 'refused') return refuse(read.code, read.message, read.command);
  const { command, stream } = read;
  const old = ageFault(read.signedAt, now);
  if (old !== null) return refuse(old.code, old.message, command);
  const { actor, commandId } = command.value.envelope;
  const hash = bodyHash(command);
  const at = vouchedTime(read.signedAt, now);
  const first = state.recent.find(commandKey(actor, stream, commandId), at);
  if (first === null) {
    if (state.recent.isFullFor(actor.kind))
      return refuse('TOO_MANY_COMMANDS', TOO_MANY_REMEDY, command);
    if (isTooEarly) return refuse('TIMERS_PENDING', TIMERS_PENDING_REMEDY, command);
    return decideFirst(state.streams.get(stream) ?? null, command, hash, offset, now);
  }
  if (isSameBody(first, hash) || isSameBody(first, formerBodyHash(command))) {
    return { events: [], outcome: outcomeAgain(first, command, hash, offset) };
  }
  const message = reuseOf(first, command);
  return refuse('COMMAND_ID_REUSED', message, command);
}

/** Most often the same command was tried dry under its id. */
function reuseOf(first: FirstOutcome, command: CommandMessage): string {
  const { envelope } = command.value;
  const turned = { ...envelope, dryRun: !envelope.dryRun };
  const other = { ...command, value: { ...command.value, envelope: turned } } as CommandMessage;
  if (!isSameBody(first, bodyHash(other))) {
    return `Within 24 hours this id was sent with another body, at offset ${first.commandOffset}.`;
  }
  return envelope.dryRun
    ? 'Within 24 hours this id was sent in earnest: a dry run has an id of its own.'
    : 'Within 24 hours this id was sent as a dry run: a dry run has an id of its own.';
}

/** Instead of a decision whose events do not fit into one append. */
export function tooLarge(decided: Decided, command: CommandMessage): Decided {
  const { events, inEarnest = events } = decided;
  const message = `It would yield ${inEarnest.length} events at once. ${TOO_LARGE_REMEDY}`;
  return refusedInstead(decided, command, 'COMMAND_TOO_LARGE', message);
}

/** Instead of a proposal whose approval would not fit into one append. */
export function approvalTooLarge(decided: Decided, command: CommandMessage): Decided {
  const count = decided.awaited?.length ?? 0;
  const message = `Its approval would yield ${count} events at once. ${PROPOSAL_TOO_LARGE_REMEDY}`;
  return refusedInstead(decided, command, 'PROPOSAL_TOO_LARGE', message);
}

/** Instead of a decision that makes the partition hold more quotas than it may. */
export function partitionFull(decided: Decided, command: CommandMessage, held: number): Decided {
  const message = `The partition holds ${held} quotas. ${PARTITION_FULL_REMEDY}`;
  return refusedInstead(decided, command, 'PARTITION_FULL', message);
}

function refusedInstead(
  decided: Decided,
  command: CommandMessage,
  code: WriterCode,
  message: string,
): Decided {
  const { stream, commandOffset, decidedAt, streamVersion } = decided.outcome;
  const events = decided.events.length;
  return refusal({
    command,
    stream,
    offset: commandOffset,
    code,
    message,
    now: decidedAt,
    streamVersion: streamVersion - BigInt(events),
  });
}

function decideFirst(
  head: StreamHead | null,
  command: CommandMessage,
  hash: Buffer,
  offset: bigint,
  now: bigint,
): Decided {
  const { envelope } = command.value;
  const decidedAt = decisionTime(head, now);
  const version = head?.version ?? 0n;
  const decision = decide(head?.state ?? null, command, { now: decidedAt, streamVersion: version });
  const cause = {
    kind: 'command',
    commandId: envelope.commandId,
    commandOffset: offset,
    actor: envelope.actor,
    reason: envelope.reason,
    waivers: decision.kind === 'accepted' ? decision.waivers : [],
    attestations: envelope.attestations,
    approved: decision.kind === 'accepted' ? decision.approved : null,
  } as const;
  const drafts = decision.kind === 'accepted' ? decision.events : [];
  const { stream, dryRun } = envelope;
  const hashed = dryRun ? unhashed : undefined;
  const inEarnest = stampEvents(stream, drafts, cause, decidedAt, head, hashed);
  const events = dryRun ? [] : inEarnest;
  const state = head?.state ?? null;
  const quota = quotaAfter(command, events, state);
  const context = { now: decidedAt, streamVersion: version };
  const preview = isPreviewed(decision, envelope)
    ? previewOf(state, previewedOf(decision), quota.id, envelope, context)
    : noPreview;
  return {
    events,
    ...(dryRun ? { inEarnest } : {}),
    awaited: awaitedOf(decision, envelope, { ...cause, decidedAt, head }),
    outcome: {
      commandId: envelope.commandId,
      commandType: command.type,
      stream: envelope.stream,
      actor: envelope.actor,
      bodyHash: hash,
      commandOffset: offset,
      firstOffset: null,
      ...verdictOf(decision, envelope),
      dryRun: envelope.dryRun,
      streamVersion: version + BigInt(events.length),
      quotaId: quota.id,
      quotaVersion: quota.version,
      eventIds: events.map((event) => event.message.value.envelope.eventId),
      decidedAt,
      preview: preview.changes,
      declared: preview.declared,
      oversubscription: preview.oversubscription,
      previewOmitted: preview.omitted,
      reason: envelope.reason,
    },
  };
}

function awaitedOf(
  decision: Decision,
  { stream, actor, reason }: CommandEnvelope,
  { decidedAt, head, ...cause }: CommandCause & { decidedAt: bigint; head: StreamHead | null },
): readonly StampedEvent[] {
  if (decision.kind === 'refused' || decision.awaited.length === 0) return [];
  const proposalId = decision.result ?? '';
  const approved = { proposalId, actor, reason, proposedAt: decidedAt };
  return stampEvents(stream, decision.awaited, { ...cause, approved }, decidedAt, head);
}

type Accepted = Extract<Decision, { kind: 'accepted' }>;

function isPreviewed(decision: Decision, { dryRun }: { dryRun: boolean }): decision is Accepted {
  return decision.kind === 'accepted' && dryRun;
}

function verdictOf(
  decision: Decision,
  { dryRun }: { dryRun: boolean },
): Pick<CommandOutcome, 'status' | 'code' | 'message' | 'violations' | 'result'> {
  if (decision.kind === 'accepted') {
    return { status: 'accepted', ...acceptanceOf(decision, dryRun), violations: [] };
  }
  const { violations } = decision;
  const [{ code, message }] = violations;
  return { status: 'refused', code, message, violations, result: null };
}

/** A rollout changes nothing of what is in force: who asks before wants to know what its promotion would. */
function previewedOf({ events, awaited }: Accepted): readonly EventDraft[] {
  return events[0]?.type === 'RolloutStarted' ? awaited : events;
}

/** What opened a proposal has changed nothing yet: nobody may take it for done. */
function acceptanceOf(
  { events, result }: Accepted,
  dryRun: boolean,
): { readonly code: AcceptedCode; readonly message: string; readonly result: string | null } {
  const proposed = events.find(
    (event) => event.type === 'ChangeProposed' || event.type === 'TreeChangeProposed',
  );
  if (proposed === undefined) return { code: 'ACCEPTED', message: '', result };
  const { proposalId, expiresAt } = proposed.data;
  const verb = dryRun ? 'Would wait' : 'Waits';
  const message = `${verb} for approval as ${proposalId} until ${timeToJson(expiresAt)}.`;
  return { code: 'PROPOSED', message, result };
}

/** The quota that the command names, else the one that its events are about, with its version afterwards. */
function quotaAfter(
  command: CommandMessage,
  events: readonly StampedEvent[],
  state: StreamState | null,
): { readonly id: string | null; readonly version: bigint | null } {
  const named = 'quotaId' in command.value ? command.value.quotaId : null;
  const last = events.findLast(({ message }) => {
    const { quotaId } = message.value.envelope;
    return named === null ? quotaId !== null : quotaId === named;
  })?.message.value.envelope;
  if (last !== undefined) return { id: last.quotaId, version: last.quotaVersion };
  const quota =
    named !== null && state?.kind === 'application' ? state.quotas.get(named) : undefined;
  return { id: named, version: quota?.version ?? null };
}

function refusal(given: {
  readonly command: CommandMessage | null;
  readonly stream: string;
  readonly offset: bigint;
  readonly code: WriterCode;
  readonly message: string;
  readonly now: bigint;
  readonly streamVersion: bigint;
}): Decided {
  const { command, code, message } = given;
  const envelope = command?.value.envelope;
  const outcome: CommandOutcome = {
    commandId: envelope?.commandId ?? '',
    commandType: command?.type ?? '',
    stream: given.stream,
    actor: envelope?.actor ?? null,
    bodyHash: command === null ? NO_HASH : bodyHash(command),
    commandOffset: given.offset,
    firstOffset: null,
    status: 'refused',
    code,
    message,
    violations: [{ code, path: '', message }],
    dryRun: envelope?.dryRun ?? false,
    streamVersion: given.streamVersion,
    quotaId: null,
    quotaVersion: null,
    eventIds: [],
    result: null,
    decidedAt: given.now,
    preview: [],
    declared: [],
    oversubscription: [],
    previewOmitted: 0,
    reason: envelope?.reason ?? '',
  };
  return { events: [], outcome };
}
