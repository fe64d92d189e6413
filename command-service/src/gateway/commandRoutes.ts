import { randomUUID } from 'node:crypto';
import { LogUnavailable, partitionOf, PublishQueueFull } from '@prorata/kafka-port';
import type { OutRecord, Publisher } from '@prorata/kafka-port';
import { UnwritableRecord } from '@prorata/schemas';
import type { Codec, CommandMessage, CommandOutcome } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { Request, Response, Router } from 'express';
import type { Clock } from '../clock.ts';
import type { SignCommand } from '../signature/commandSigner.ts';
import { bodyHash } from '../writer/bodyHash.ts';
import { answerOutcome } from './answerOutcome.ts';
import { buildCommand } from './buildCommand.ts';
import type { Awaited, OutcomeBook } from './outcomeBook.ts';
import { TooManyWaiting } from './outcomeBook.ts';

/** A command's record; far under what an append takes, so that every one can be decided, bytes. */
const COMMAND_BYTES_MAX = 200_000;
/** What a caller waits for an outcome before it is told where to look, milliseconds. */
export const OUTCOME_TIMEOUT_MS = 10_000;
const RETRY_AFTER_S = 1;

export interface CommandRoutesParts {
  readonly codec: Pick<Codec, 'encode'>;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly sign: SignCommand;
  /** Full name of quota.commands. */
  readonly topic: string;
  readonly partitions: number;
  readonly book: OutcomeBook;
  readonly clock: Clock;
  readonly outcomeTimeoutMs: number;
  /** Asks the projector for outcomes that the gateway has not seen; null: there is none. */
  readonly askProjector: ((request: Request, response: Response) => void) | null;
}

export function commandRoutes(router: Router, parts: CommandRoutesParts): void {
  router.post('/v1/commands', (request, response) => submit(request, response, parts));
  router.get('/v1/commands/:commandId', (request, response) => {
    lookUp(request, response, parts);
  });
}

async function submit(
  request: Request,
  response: Response,
  parts: CommandRoutesParts,
): Promise<void> {
  const command = buildCommand({
    body: request.body,
    commandId: request.get('idempotency-key') ?? randomUUID(),
    ifMatch: versionOf(request.get('if-match')),
    principal: request.principal,
    submittedAt: parts.clock.now(),
  });
  const { commandId, stream, actor } = command.value.envelope;
  const record = await recordOf(command, parts);
  const awaited = waitFor({ commandId, stream, actor, bodyHash: bodyHash(command) }, parts);
  // A caller that hangs up frees its place; the command goes on.
  response.once('close', () => awaited.cancel());
  const outcome = await outcomeOrFault(parts.publisher.publish([record]), awaited, commandId);
  if (response.destroyed) return;
  if (outcome === null) answerUnknown(response, commandId);
  else answerOutcome(response, outcome);
}

/**
 * The outcome, or null at the deadline, also while the log still takes its time over the record: its
 * caller is told where to look, and asking again with the same id is safe.
 */
async function outcomeOrFault(
  published: Promise<void>,
  awaited: Awaited,
  commandId: string,
): Promise<CommandOutcome | null> {
  // Has a handler for as long as it lasts: after the deadline nobody else waits for it.
  const fault = new Promise<never>((_resolve, reject) => {
    published.catch((error: unknown) => reject(publishProblem(error, commandId)));
  });
  try {
    return await Promise.race([awaited.outcome, fault]);
  } finally {
    awaited.cancel();
  }
}

/** The record as the gateway lets it in: encoded, signed, and in the partition of its stream. */
async function recordOf(command: CommandMessage, parts: CommandRoutesParts): Promise<OutRecord> {
  const { topic, partitions, codec, sign } = parts;
  const { stream, submittedAt } = command.value.envelope;
  const key = Buffer.from(stream);
  const value = await encode(command, codec);
  if (value.length > COMMAND_BYTES_MAX) {
    const detail = `It takes ${value.length} bytes, and ${COMMAND_BYTES_MAX} are let in.`;
    throw new Problem(413, 'BODY_TOO_LARGE', detail);
  }
  const headers = sign({ topic, key, value, signedAt: submittedAt });
  return { topic, partition: partitionOf(stream, partitions), key, value, headers };
}

async function encode(command: CommandMessage, codec: Pick<Codec, 'encode'>): Promise<Buffer> {
  try {
    return await codec.encode('quota.commands', command);
  } catch (error) {
    if (error instanceof UnwritableRecord) {
      throw new Problem(422, 'INVALID_COMMAND', 'The command does not fit its schema.', {
        violations: error.paths.map((path) => ({ path: `/data${path}`, message: 'does not fit' })),
      });
    }
    throw unavailable('REGISTRY_UNAVAILABLE', 'The schema registry did not answer.', error);
  }
}

function waitFor(
  command: Parameters<OutcomeBook['await']>[0],
  { book, outcomeTimeoutMs }: CommandRoutesParts,
): Awaited {
  try {
    return book.await(command, outcomeTimeoutMs);
  } catch (error) {
    if (error instanceof TooManyWaiting) throw unavailable('BUSY', error.message, error);
    throw error;
  }
}

function publishProblem(error: unknown, commandId: string): Error {
  if (error instanceof PublishQueueFull) {
    return unavailable('BUSY', 'Too many commands wait to be written.', error);
  }
  if (error instanceof LogUnavailable) {
    const detail = `The log did not confirm command ${commandId}; send it again with the same Idempotency-Key.`;
    return unavailable('LOG_UNAVAILABLE', detail, error);
  }
  return error instanceof Error ? error : new Error('The publisher failed.', { cause: error });
}

function unavailable(code: string, detail: string, cause: unknown): Problem {
  return new Problem(503, code, detail, { cause, headers: { 'retry-after': `${RETRY_AFTER_S}` } });
}

function answerUnknown(response: Response, commandId: string): void {
  const location = `/v1/commands/${commandId}`;
  response
    .status(202)
    .setHeader('location', location)
    .setHeader('retry-after', `${RETRY_AFTER_S}`)
    .json({ commandId, location });
}

function lookUp(request: Request, response: Response, parts: CommandRoutesParts): void {
  const commandId = request.params['commandId'];
  const seen = typeof commandId === 'string' ? parts.book.find(commandId) : [];
  const mine = seen.filter((each) => maySee(request.principal, each));
  const outcome = mine.find((each) => !isReuse(each)) ?? lastResort(mine, parts);
  if (outcome !== undefined) answerOutcome(response, outcome);
  else if (parts.askProjector !== null) parts.askProjector(request, response);
  else throw new Problem(404, 'COMMAND_UNKNOWN', 'No outcome is known; it may still come.');
}

/** The id's own outcome is another one, which the projector may know from before this gateway began. */
function lastResort(
  mine: readonly CommandOutcome[],
  { askProjector }: CommandRoutesParts,
): CommandOutcome | undefined {
  return askProjector === null ? mine[0] : undefined;
}

/** The refusal of another body under an id that has its outcome. */
function isReuse({ code }: CommandOutcome): boolean {
  return code === 'COMMAND_ID_REUSED';
}

/** One's own, and whoever may read the audit log sees all; of its one application, when the token is bound. */
function maySee({ actor, roles, application }: Principal, outcome: CommandOutcome): boolean {
  if (application !== null && outcome.stream !== `application:${application}`) return false;
  const isOwn =
    outcome.actor?.issuer === actor.issuer &&
    outcome.actor.subject === actor.subject &&
    outcome.actor.kind === actor.kind;
  return isOwn || roles.includes('auditor') || roles.includes('admin');
}

/** `"5"` says version 5; `*`, which any version satisfies, is as good as nothing. */
function versionOf(ifMatch: string | undefined): string | null {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  return /^"(.*)"$/.exec(ifMatch.trim())?.[1] ?? ifMatch;
}
