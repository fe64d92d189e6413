import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandMessage } from '@prorata/schemas';
import type { ProblemViolation } from './problem.ts';

export interface CommandRequest {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly type: CommandMessage['type'];
  readonly stream: string;
  /** The command's own fields in JSON form. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** A UUID; made when absent. The same id again yields the first outcome again. */
  readonly commandId?: string;
  readonly expectedVersion?: bigint | number | string;
  readonly dryRun?: boolean;
  /** Safety checks that are waived by name. */
  readonly waivers?: readonly { readonly check: string; readonly reason: string }[];
  /** How long to look for an outcome, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface CommandAnswer {
  readonly status: 'accepted' | 'refused' | 'unknown';
  readonly commandId: string;
  /**
   * ACCEPTED, or why not: an outcome's code, or the gateway's own. While it is unknown, why the last try was
   * put off (TIMERS_PENDING, ROBOT_PACED, …); null when nothing was said.
   */
  readonly code: string | null;
  readonly detail: string | null;
  readonly violations: readonly ProblemViolation[];
  /** The CommandOutcome as JSON; null when it is unknown, or the gateway itself refused. */
  readonly outcome: Readonly<Record<string, unknown>> | null;
}

const TIMEOUT_MS = 30_000;
/** Pauses between tries: soon enough for a restart of the gateway, seldom enough not to hammer it. */
export const PAUSE_MS = 250;
/** The longest patience that a gateway is given between two tries. */
const PAUSE_MS_MAX = 30_000;

/**
 * Posts a command and waits for its outcome. What the network or a server failed to answer is tried
 * again with the same id, which the log decides once; after `timeoutMs` the answer is `unknown`,
 * which is never a failure: ask again with the same id. Its code says why the last try was put off.
 */
export async function postCommand(request: CommandRequest): Promise<CommandAnswer> {
  const commandId = request.commandId ?? randomUUID();
  const endMs = performance.now() + (request.timeoutMs ?? TIMEOUT_MS);
  let said: AnswerBody = {};
  for (;;) {
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) return unknownAnswer(commandId, said);
    const answer = await postOnce(request, commandId, leftMs);
    if (!('againAfterMs' in answer)) return answer;
    said = answer.said ?? said;
    await delay(Math.min(answer.againAfterMs, Math.max(0, endMs - performance.now())));
  }
}

/** No answer yet; another try may bring one. */
export interface NoAnswer {
  readonly againAfterMs: number;
  /** What was answered instead; null: nobody answered. */
  readonly said: AnswerBody | null;
}

async function postOnce(
  request: CommandRequest,
  commandId: string,
  leftMs: number,
): Promise<CommandAnswer | NoAnswer> {
  try {
    const response = await fetch(`${request.gatewayUrl}/v1/commands`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${request.token}`,
        'content-type': 'application/json',
        'idempotency-key': commandId,
      },
      body: JSON.stringify(bodyOf(request)),
      signal: AbortSignal.timeout(Math.ceil(leftMs)),
    });
    const againAfterMs = pauseOf(response.headers);
    const said = (await response.json()) as AnswerBody;
    return answerOf(commandId, response.status, said) ?? { againAfterMs, said };
  } catch (error) {
    if (isNoAnswer(error)) return { againAfterMs: PAUSE_MS, said: null };
    throw error;
  }
}

/** The command as the gateway's interface writes it. */
export function bodyOf(
  request: Pick<
    CommandRequest,
    'type' | 'stream' | 'reason' | 'data' | 'expectedVersion' | 'dryRun' | 'waivers'
  >,
): Readonly<Record<string, unknown>> {
  const { type, stream, reason, data, expectedVersion, dryRun, waivers } = request;
  return {
    type,
    stream,
    reason,
    data,
    ...(expectedVersion === undefined ? {} : { expectedVersion: expectedVersion.toString() }),
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(waivers === undefined ? {} : { waivers }),
  };
}

/** A gateway that is asked for patience gets it, within bounds: a wrong header must not stop a loop for a day. */
export function pauseOf(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (!(seconds >= 0)) return PAUSE_MS;
  return Math.min(Math.max(seconds * 1_000, PAUSE_MS), PAUSE_MS_MAX);
}

/** A body that is no JSON is a proxy's page between us and the gateway: as good as no answer. */
export function isNoAnswer(error: unknown): boolean {
  return error instanceof TypeError || error instanceof SyntaxError || isAbort(error);
}

export interface AnswerBody {
  readonly code?: string;
  readonly detail?: string;
  readonly message?: string;
  readonly violations?: readonly ProblemViolation[];
  readonly outcome?: Readonly<Record<string, unknown>>;
}

/** Answers of the 400s that another try may change: too many requests, a timeout, too early. */
const passing = new Set([408, 425, 429]);

/** null: another try may bring an answer. */
export function answerOf(
  commandId: string,
  status: number,
  body: AnswerBody,
): CommandAnswer | null {
  if (status === 202 || status >= 500 || passing.has(status)) return null;
  const accepted = status === 200;
  return {
    status: accepted ? 'accepted' : 'refused',
    commandId,
    code: body.code ?? null,
    detail: body.detail ?? body.message ?? null,
    violations: body.violations ?? [],
    outcome: accepted ? (body as Readonly<Record<string, unknown>>) : (body.outcome ?? null),
  };
}

/** @param said the last answer that came, which decided nothing */
export function unknownAnswer(commandId: string, said: AnswerBody = {}): CommandAnswer {
  const { code = null, detail = null } = said;
  return { status: 'unknown', commandId, code, detail, violations: [], outcome: null };
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name);
}
