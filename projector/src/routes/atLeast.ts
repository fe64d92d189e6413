import { parseStream } from '@prorata/quota-model';
import { longToJson } from '@prorata/schemas';
import { Problem, streamOfScope } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { Request, RequestHandler } from 'express';
import type { StreamVersion } from '../lag/streamHeads.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

/** Streams that one reader may have written to just now. */
const TOKENS_MAX = 8;
const TOKEN = /^([^@]{1,256})@(\d{1,18})$/;
/** When a reader may ask again, seconds. */
const RETRY_AFTER_S = 1;

/**
 * `?atLeast=application:moka@17`, before any route behind: the answer shows that version of the stream
 * at least, or is a problem. The routes do not see the parameter.
 */
export function awaitAtLeast(models: ReadModels): RequestHandler {
  return async (request, _response, next) => {
    const { atLeast, ...others } = request.query;
    if (atLeast === undefined) {
      next();
      return;
    }
    const wanted = versionsIn(atLeast);
    for (const { stream } of wanted) mustReachStream(request.reach, stream);
    if (!(await models.heads.reach(wanted))) throw await behind(models);
    takeOut(request, others);
    next();
  };
}

/** @throws Problem 422 */
function versionsIn(given: unknown): readonly StreamVersion[] {
  const tokens = typeof given === 'string' ? given.split(',') : [];
  const wanted = tokens.flatMap((token) => versionOf(token) ?? []);
  if (tokens.length > 0 && tokens.length <= TOKENS_MAX && wanted.length === tokens.length) {
    return wanted;
  }
  const message = `must be <stream>@<version>, up to ${TOKENS_MAX} of them with commas between`;
  throw new Problem(422, 'PARAMETER_INVALID', 'Not understood: atLeast.', {
    violations: [{ path: 'atLeast', message }],
  });
}

function versionOf(token: string): StreamVersion | null {
  const [, stream = '', version = ''] = TOKEN.exec(token) ?? [];
  return parseStream(stream) === null ? null : { stream, version: BigInt(version) };
}

/** How far a stream has come tells that it is there. @throws Problem 403 */
function mustReachStream(reach: Reach, stream: string): void {
  if (reach === 'everywhere' || reach.some((scope) => streamOfScope(scope) === stream)) return;
  throw new Problem(403, 'FORBIDDEN', `The credentials reach nothing of ${stream} here.`);
}

async function behind({ lag }: ReadModels): Promise<Problem> {
  const records = await lag.measure(projectedTopics);
  return new Problem(503, 'READ_BEHIND', 'The tables do not show that write yet.', {
    headers: { 'retry-after': `${RETRY_AFTER_S}` },
    extensions: { lag: records === null ? null : longToJson(records) },
  });
}

/** The query is read anew from the address at every look. */
function takeOut(request: Request, query: Request['query']): void {
  Object.defineProperty(request, 'query', { value: query, configurable: true });
}
