import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Verdict } from '../decision/verdict.ts';
import { endWith, isGuarded, RequestGuard } from '../http/requestGuard.ts';
import type { GuardOptions, Guarded } from '../http/requestGuard.ts';
import type { RefusedAnswer } from '../http/refusedAnswer.ts';

export type { GuardOptions } from '../http/requestGuard.ts';

/** What a handler finds in `response.locals.quota`. */
export interface QuotaOfRequest {
  readonly verdict: Verdict;
  /** DEGRADE: how, as the quota says. */
  readonly tag: string | null;
}

type Next = (error?: unknown) => void;
type Middleware<Request> = (request: Request, response: ServerResponse, next: Next) => void;

/**
 * A middleware for express, connect and whatever else calls `(request, response, next)`: a request
 * that its quota has no room for is answered 429, one that the host has no room for 503.
 */
export function expressQuota<Request extends IncomingMessage = IncomingMessage>(
  options: GuardOptions<Request>,
): Middleware<Request> {
  const guard = new RequestGuard(options);
  return (request, response, next) => {
    const answer = guard.enter(request);
    if (!(answer instanceof Promise)) goOn(answer, response, next);
    else answer.then((late) => goOn(late, response, next), next);
  };
}

function goOn(answer: Guarded | RefusedAnswer, response: ServerResponse, next: Next): void {
  if (!isGuarded(answer)) {
    response.writeHead(answer.status, answer.headers).end(answer.body);
    return;
  }
  if (response.destroyed) {
    // It waited for longer than its caller did.
    answer.end('ignored');
    return;
  }
  for (const [name, value] of Object.entries(answer.fields)) response.setHeader(name, value);
  const { verdict, tag } = answer;
  const { locals } = response as { locals?: Record<string, unknown> };
  if (locals !== undefined) locals['quota'] = { verdict, tag } satisfies QuotaOfRequest;
  endWith(response, answer);
  next();
}
