import { setTimeout as delay } from 'node:timers/promises';
import {
  answerOf,
  bodyOf,
  isNoAnswer,
  PAUSE_MS,
  pauseOf,
  postCommand,
  unknownAnswer,
} from './postCommand.ts';
import type { AnswerBody, CommandAnswer, CommandRequest } from './postCommand.ts';

/** One of many; its id is given, since its answer is found by it. */
export type BatchedCommand = Pick<
  CommandRequest,
  'type' | 'stream' | 'data' | 'reason' | 'expectedVersion' | 'dryRun' | 'waivers'
> & { readonly commandId: string };

export interface CommandsRequest {
  readonly gatewayUrl: string;
  readonly token: string;
  /** At most 500, as many as the gateway takes at once; their ids differ. */
  readonly commands: readonly BatchedCommand[];
  /** How long to look for outcomes, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Posts many commands in one request, each decided for itself, and waits for their outcomes. Those that
 * got no answer are sent again with the same ids, when the gateway says, until the time is over.
 * @returns the answers in the order of the commands; `unknown` where none came, with the code of the last delay
 */
export async function postCommands(request: CommandsRequest): Promise<readonly CommandAnswer[]> {
  const { commands, timeoutMs, ...where } = request;
  const [only] = commands;
  if (only !== undefined && commands.length === 1) {
    return [await postCommand({ ...only, ...where, timeoutMs })];
  }
  const answers = new Map<string, CommandAnswer>();
  const said = new Map<string, AnswerBody>();
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const left = commands.filter(({ commandId }) => !answers.has(commandId));
    const leftMs = endMs - performance.now();
    if (left.length === 0 || leftMs <= 0) break;
    const pauseMs = await postRest({ ...where, commands: left, timeoutMs: leftMs }, answers, said);
    if (answers.size < commands.length) {
      await delay(Math.min(pauseMs, Math.max(0, endMs - performance.now())));
    }
  }
  return commands.map(
    ({ commandId }) => answers.get(commandId) ?? unknownAnswer(commandId, said.get(commandId)),
  );
}

interface BatchResult {
  readonly commandId: string;
  readonly status: number;
  readonly outcome?: AnswerBody;
  readonly problem?: AnswerBody;
}

/**
 * Puts what is answered into `answers`, and into `said` why others were put off.
 * @returns when to try those again, milliseconds
 */
async function postRest(
  { gatewayUrl, token, commands, timeoutMs }: CommandsRequest,
  answers: Map<string, CommandAnswer>,
  said: Map<string, AnswerBody>,
): Promise<number> {
  const take = (commandId: string, status: number, body: AnswerBody): void => {
    const answer = answerOf(commandId, status, body);
    if (answer === null) said.set(commandId, body);
    else answers.set(commandId, answer);
  };
  try {
    const response = await fetch(`${gatewayUrl}/v1/commands/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        commands: commands.map((each) => ({ commandId: each.commandId, ...bodyOf(each) })),
      }),
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    const body = (await response.json()) as AnswerBody & { readonly results?: BatchResult[] };
    if (response.status === 207) {
      for (const { commandId, status, outcome, problem } of body.results ?? []) {
        take(commandId, status, outcome ?? problem ?? {});
      }
    } else {
      // The batch as a whole was refused, or may pass later.
      for (const { commandId } of commands) take(commandId, response.status, body);
    }
    return pauseOf(response.headers);
  } catch (error) {
    if (isNoAnswer(error)) return PAUSE_MS;
    throw error;
  }
}
