import { Problem, problemCodes } from '@prorata/service-runtime';
import type { ProblemViolation } from '@prorata/service-runtime';
import type { Response } from 'express';
import { answerOutcome } from './answerOutcome.ts';
import type { PathOf } from './violationPaths.ts';
import type { WhenGone } from './submit/commandDesk.ts';
import type { Submitted } from './submit/submitted.ts';
import { notUnderstood, SubmissionRefused } from './submit/submissionRefused.ts';

/** When a caller may look for an outcome that is not known yet, seconds. */
const LOOK_AGAIN_S = 1;

/** 200 accepted, 202 not known yet, a problem otherwise. @throws Problem */
export async function answerSubmitted(
  response: Response,
  submitting: Promise<Submitted>,
  pathOf: PathOf,
): Promise<void> {
  const submitted = await submitting.catch((error: unknown) => {
    throw error instanceof SubmissionRefused ? problemOfRefusal(error, pathOf) : error;
  });
  if (response.destroyed) return;
  if (submitted.kind === 'decided') answerOutcome(response, submitted.outcome, pathOf);
  else answerUnknown(response, submitted.commandId);
}

/** The places of a caller that hangs up are free at once. */
export function whenGone(response: Response): WhenGone {
  const listeners: (() => void)[] = [];
  response.once('close', () => {
    for (const listener of listeners) listener();
  });
  return (listener) => void listeners.push(listener);
}

export function problemOfRefusal(refused: SubmissionRefused, pathOf: PathOf): Problem {
  const { code, retryAfterS, cause } = refused;
  const violations = refused.violations?.map((each) => asWritten(each, pathOf));
  const detail =
    code === 'INVALID_COMMAND' && violations !== undefined
      ? notUnderstood(violations, violations.length)
      : refused.detail;
  return new Problem(problemCodes[code].status, code, detail, {
    cause,
    ...(violations === undefined ? {} : { violations }),
    ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': `${retryAfterS}` } }),
  });
}

/** In the caller's own terms. What is missing and may be said in several places is asked for in all. */
function asWritten({ path, message, ...rest }: ProblemViolation, pathOf: PathOf): ProblemViolation {
  const places = path === '/reason' ? ` (in the body, as ?reason= or as Prorata-Reason)` : '';
  return { ...rest, path: pathOf(path), message: `${message}${places}` };
}

export const locationOf = (commandId: string): string => `/v1/commands/${commandId}`;

function answerUnknown(response: Response, commandId: string): void {
  const location = locationOf(commandId);
  response
    .status(202)
    .setHeader('location', location)
    .setHeader('retry-after', `${LOOK_AGAIN_S}`)
    .json({ commandId, location });
}
