import { toJson } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Response } from 'express';
import { outcomeCodes } from '../outcomeCodes.ts';
import { inRequest } from './violationPaths.ts';
import type { PathOf } from './violationPaths.ts';

export function outcomeToJson(outcome: CommandOutcome): unknown {
  return toJson('io.prorata.outcome.CommandOutcome', outcome);
}

/** 200 for what was accepted; a problem with the code's own status for what was refused. */
export function answerOutcome(response: Response, outcome: CommandOutcome, pathOf: PathOf): void {
  if (outcome.status === 'refused') throw problemOfOutcome(outcome, pathOf);
  if (outcome.quotaVersion !== null) response.setHeader('etag', `"${outcome.quotaVersion}"`);
  response.setHeader('prorata-at-least', readToken(outcome));
  response.status(200).json(outcomeToJson(outcome));
}

/** What a read names in `atLeast` to show this write: the stream and its version afterwards. */
function readToken({ stream, streamVersion }: CommandOutcome): string {
  return `${stream}@${streamVersion}`;
}

/** The refusal in the caller's terms, the outcome within it too; the log's own are those of the command. */
export function problemOfOutcome(outcome: CommandOutcome, pathOf: PathOf): Problem {
  const entry = outcomeCodes[outcome.code];
  const violations = outcome.violations.map((each) => ({
    ...each,
    path: pathOf(inRequest(each.path)),
  }));
  return new Problem(entry?.status ?? 409, outcome.code, outcome.message, {
    ...(entry === undefined ? {} : { title: entry.title }),
    violations,
    ...(entry?.retryAfterS === undefined
      ? {}
      : { headers: { 'retry-after': `${entry.retryAfterS}` } }),
    extensions: {
      ...(entry === undefined ? {} : { remedy: entry.remedy }),
      outcome: outcomeToJson({ ...outcome, violations }),
    },
  });
}
