import type { Request, Response, Router } from 'express';
import { isDecided } from '@prorata/quota-model';
import { outcomeReach, Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { CommandOutcome } from '@prorata/schemas';
import { outcomeToJson } from './answerOutcome.ts';
import { answerSubmitted, whenGone } from './answerSubmitted.ts';
import { batchRoute } from './batchRoute.ts';
import { commandIdOf, saidBeside } from './requestMembers.ts';
import { commandPaths } from './violationPaths.ts';
import type { CommandDesk } from './submit/commandDesk.ts';
import type { OutcomeBook } from './submit/outcomeBook.ts';

export interface CommandRoutesParts {
  readonly desk: Pick<CommandDesk, 'submit' | 'submitAll'>;
  readonly book: Pick<OutcomeBook, 'find'>;
  /** Asks the projector for outcomes that the gateway has not seen; null: there is none. */
  readonly askProjector: ((request: Request, response: Response) => void) | null;
}

export function commandRoutes(router: Router, parts: CommandRoutesParts): void {
  const { desk } = parts;
  router.post('/v1/commands', async (request, response) => {
    const beside = saidBeside(request);
    const submission = {
      body: withMembers(request.body, beside.members),
      commandId: commandIdOf(request),
      principal: request.principal,
      traceparent: request.get('traceparent'),
    };
    const submitting = desk.submit(submission, whenGone(response));
    await answerSubmitted(response, submitting, commandPaths(beside));
  });
  batchRoute(router, desk);
  router.get('/v1/commands/:commandId', (request, response) => {
    lookUp(request, response, parts);
  });
}

/** What is no object stays as it is: the desk says what is wrong with it. */
function withMembers(body: unknown, members: object): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return { ...body, ...members };
}

/** 200 with the outcome as the log has it, accepted or refused. */
function lookUp(request: Request, response: Response, parts: CommandRoutesParts): void {
  const commandId = request.params['commandId'];
  const seen = typeof commandId === 'string' ? parts.book.find(commandId) : [];
  const mine = seen.filter((each) => maySee(request.principal, each));
  const outcome =
    mine.find(isDecided) ?? mine.find((each) => !isReuse(each)) ?? lastResort(mine, parts);
  if (outcome !== undefined) response.json(outcomeToJson(outcome));
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

function maySee(principal: Principal, outcome: CommandOutcome): boolean {
  const { others, stream } = outcomeReach(principal);
  if (stream !== null && outcome.stream !== stream) return false;
  const { issuer, subject, kind } = principal.actor;
  const isOwn =
    outcome.actor?.issuer === issuer &&
    outcome.actor.subject === subject &&
    outcome.actor.kind === kind;
  return isOwn || others;
}
