import type { Refusal } from '../adapters/passage.ts';
import { NEVER } from '../decision/verdict.ts';
import type { Fields } from './rateLimitFields.ts';
import { refusalKinds } from './refusalKinds.ts';

/** An answer to a request that does not go on: RFC 9457, and when to come back. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Fields;
  readonly body: string;
}

/** @param violated the names of the policies that had no room, as far as they may be told */
export function refusedAnswer(refusal: Refusal, violated: readonly string[] = []): RefusedAnswer {
  const { status, code, title, type } = refusalKinds[refusal.reason];
  const retryAfter = retryAfterSeconds(refusal.retryAfterMicros);
  const again = retryAfter === null ? '' : ` Try again in ${retryAfter} s.`;
  const about = refusal.resource === '' ? '' : ` (${refusal.resource})`;
  const problem = {
    type,
    title,
    status,
    code,
    detail: `${title}${about}.${again}`,
    ...(violated.length === 0 ? {} : { 'violated-policies': violated }),
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfter === null ? {} : { 'retry-after': String(retryAfter) }),
    },
    body: JSON.stringify(problem),
  };
}

/** Whole seconds, one at least; null: waiting does not help. */
function retryAfterSeconds(micros: number): number | null {
  return micros === NEVER ? null : Math.max(1, Math.ceil(micros / 1_000_000));
}
