import { randomUUID } from 'node:crypto';
import { LogUnavailable, partitionOf, PublishQueueFull } from '@prorata/kafka-port';
import type { OutRecord, Publisher } from '@prorata/kafka-port';
import { UnwritableRecord } from '@prorata/schemas';
import type { Codec, CommandMessage, CommandOutcome } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { Request, RequestHandler, Response, Router } from 'express';
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
  readonly authenticate: RequestHandler;
  /** Asks the projector for outcomes that the gateway has not seen; null: there is none. */
  readonly askProjector: ((request: Request, response: Response) => void) | null;
}

export function commandRoutes(router: Router, parts: CommandRoutesParts): void {
  router.post('/v1/commands', parts.authenticate, (request, response) =>
    submit(request, response, parts),
  );
  router.get('/v1/commands/:commandId', parts.authenticate, (request, response) => {
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
  try {
    await parts.publisher.publish([record]);
  } catch (error) {
    awaited.cancel();
    throw publishProblem(error, commandId);
  }
  const outcome = await awaited.outcome;
  if (response.destroyed) return;
  if (outcome === null) answerUnknown(response, commandId);
  else answerOutcome(response, outcome);
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

function publishProblem(error: unknown, commandId: string): unknown {
  if (error instanceof PublishQueueFull) {
    return unavailable('BUSY', 'Too many commands wait to be written.', error);
  }
  if (error instanceof LogUnavailable) {
    const detail = `The log did not confirm command ${commandId}; send it again with the same Idempotency-Key.`;
    return unavailable('LOG_UNAVAILABLE', detail, error);
  }
  return error;
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
  const outcome =
    typeof commandId === 'string'
      ? parts.book.find(commandId).findLast((each) => maySee(request.principal, each))
      : undefined;
  if (outcome !== undefined) answerOutcome(response, outcome);
  else if (parts.askProjector !== null) parts.askProjector(request, response);
  else throw new Problem(404, 'COMMAND_UNKNOWN', 'No outcome is known; it may still come.');
}

/** One's own, and whoever may read the audit log sees all. */
function maySee({ actor, roles }: Principal, outcome: CommandOutcome): boolean {
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
