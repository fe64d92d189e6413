import { createHash, randomUUID } from 'node:crypto';
import { Problem, uuidFromHash } from '@prorata/service-runtime';
import type { ProblemViolation } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { isRecord, saidBeside } from './requestMembers.ts';
import type { CommonMember } from './requestMembers.ts';
import { outcomeToJson, problemOfOutcome } from './answerOutcome.ts';
import { locationOf, problemOfRefusal, whenGone } from './answerSubmitted.ts';
import { BATCH_COMMANDS_MAX } from './submit/commandDesk.ts';
import type { CommandDesk } from './submit/commandDesk.ts';
import { COMMAND_ID_EXPECTED, isCommandId } from './submit/buildCommand.ts';
import { SubmissionRefused } from './submit/submissionRefused.ts';
import type { CommandRequest } from './submit/buildCommand.ts';
import type { Submitted } from './submit/submitted.ts';

export const BATCH_PATH = '/v1/commands/batch';
/** 500 commands of some kilobytes each, bytes. */
export const BATCH_BYTES_MAX = 2_097_152;

/** What a batch may say once for all its commands; what else a command may say is its own. */
export const BATCH_MEMBERS = ['reason', 'dryRun'] as const satisfies readonly CommonMember[];
const BODY_MEMBERS: ReadonlySet<string> = new Set(['commands', ...BATCH_MEMBERS]);

/**
 * Many commands in one request, each decided for itself: 207, and in the order of the request what
 * became of each. They are not one change: ChangeTree is. A reason said for all is the default; a dry
 * run said for all is one of all, and a command that says otherwise refuses the batch.
 */
export function batchRoute(router: Router, desk: Pick<CommandDesk, 'submitAll'>): void {
  router.post(BATCH_PATH, async (request, response) => {
    const commands = commandsIn(request);
    const submitted = await desk.submitAll(commands, whenGone(response)).catch((error: unknown) => {
      throw error instanceof SubmissionRefused ? problemOfRefusal(error, (path) => path) : error;
    });
    if (response.destroyed) return;
    const answers = submitted.map((each) => ({ each, problem: problemOf(each) }));
    const results = answers.map(({ each, problem }, index) =>
      resultOf(each, problem, commands[index]?.commandId ?? ''),
    );
    const againAfterS = longestPatience(answers.map(({ problem }) => problem));
    if (againAfterS > 0) response.setHeader('retry-after', `${againAfterS}`);
    response.status(207).json({ results });
  });
}

/** @throws Problem 422 INVALID_BATCH, or PARAMETER_INVALID for what headers and the query say */
function commandsIn(request: Request): CommandRequest[] {
  const { principal } = request;
  const traceparent = request.get('traceparent');
  const { members } = saidBeside(request, { members: BATCH_MEMBERS });
  const body = isRecord(request.body) ? request.body : {};
  const unknown = Object.keys(body).filter((name) => !BODY_MEMBERS.has(name));
  if (unknown.length > 0) throw invalid(unknown.slice(0, UNKNOWN_NAMED_MAX).map(notHere));
  const shared = { ...sharedIn(body), ...members };
  const { commands } = body;
  if (!Array.isArray(commands) || commands.length === 0) {
    throw invalid([{ path: '/commands', message: 'must be a list of one command or more' }]);
  }
  if (commands.length > BATCH_COMMANDS_MAX) {
    const message = `has ${commands.length} commands, and ${BATCH_COMMANDS_MAX} are taken at once`;
    throw invalid([{ path: '/commands', message }]);
  }
  const batchId = request.get('idempotency-key');
  if (batchId !== undefined && !isCommandId(batchId)) {
    throw invalid([{ path: 'Idempotency-Key', message: COMMAND_ID_EXPECTED }]);
  }
  refuseContradictions(commands, shared);
  return (commands as readonly unknown[]).map((command, index) => {
    if (!isRecord(command)) {
      return { body: command, commandId: idWithin(batchId, index), principal, traceparent };
    }
    const { commandId, ...rest } = command;
    const own = commandId === undefined ? idWithin(batchId, index) : textOf(commandId);
    return { body: { ...shared, ...rest }, commandId: own, principal, traceparent };
  });
}

/** Of a body of nothing but unknown members so many are named. */
const UNKNOWN_NAMED_MAX = 10;

const notHere = (name: string): ProblemViolation => ({
  path: `/${name}`,
  message: `is none of ${[...BODY_MEMBERS].join(', ')}`,
});

/** What the body says once for all its commands. @throws Problem 422 INVALID_BATCH */
function sharedIn({ reason, dryRun }: Readonly<Record<string, unknown>>): Shared {
  const violations: ProblemViolation[] = [];
  if (reason !== undefined && typeof reason !== 'string') {
    violations.push({ path: '/reason', message: 'must be a text' });
  }
  if (dryRun !== undefined && typeof dryRun !== 'boolean') {
    violations.push({ path: '/dryRun', message: 'must be true or false' });
  }
  if (violations.length > 0) throw invalid(violations);
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
}

interface Shared {
  readonly reason?: unknown;
  readonly dryRun?: unknown;
}

/** Whoever says that a batch is tried dry must be able to rely on it, whatever a command of it says. */
function refuseContradictions(commands: readonly unknown[], { dryRun }: Shared): void {
  if (dryRun === undefined) return;
  const violations = commands.flatMap((command, index) => {
    const own = isRecord(command) ? command['dryRun'] : undefined;
    if (own === undefined || own === dryRun) return [];
    return [{ path: `/commands/${index}/dryRun`, message: 'says something else than the batch' }];
  });
  if (violations.length > 0) throw invalid(violations.slice(0, UNKNOWN_NAMED_MAX));
}

/** What is no text is no id, which the desk says. */
const textOf = (id: unknown): string => (typeof id === 'string' ? id : '');

/** The same batch again has the same ids again, so that each command is decided once. */
function idWithin(batchId: string | undefined, index: number): string {
  if (batchId === undefined) return randomUUID();
  return uuidFromHash(createHash('sha256').update(`${batchId} ${index}`).digest(), 8);
}

/** Why the command was refused; null: it was not. */
function problemOf(submitted: Submitted | SubmissionRefused): Problem | null {
  const asIs = (path: string): string => path;
  if (submitted instanceof SubmissionRefused) return problemOfRefusal(submitted, asIs);
  const isRefused = submitted.kind === 'decided' && submitted.outcome.status === 'refused';
  return isRefused ? problemOfOutcome(submitted.outcome, asIs) : null;
}

/** What is to come again comes together: after the longest that any of them asks for, seconds; 0: none does. */
function longestPatience(problems: readonly (Problem | null)[]): number {
  return Math.max(
    0,
    ...problems.map((each) => Number(each?.options.headers?.['retry-after'] ?? 0)),
  );
}

/** `status` is what `POST /v1/commands` would have answered, with its body in `outcome` or `problem`. */
function resultOf(
  submitted: Submitted | SubmissionRefused,
  problem: Problem | null,
  commandId: string,
): object {
  if (problem !== null) {
    return { commandId, status: problem.status, problem: problem.toDocument() };
  }
  if (submitted instanceof SubmissionRefused || submitted.kind === 'unknown') {
    return { commandId, status: 202, location: locationOf(commandId) };
  }
  return { commandId, status: 200, outcome: outcomeToJson(submitted.outcome) };
}

function invalid(violations: readonly ProblemViolation[]): Problem {
  const detail = violations.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new Problem(422, 'INVALID_BATCH', `The batch cannot be understood: ${detail}.`, {
    violations,
  });
}
