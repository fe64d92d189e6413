import { createLogger, createService } from '@prorata/service-runtime';
import type { Principal, Service } from '@prorata/service-runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { actor, outcomeOf } from '../testing/outcomes.ts';
import { BATCH_PATH, batchRoute } from './batchRoute.ts';
import { SubmissionRefused } from './submit/submissionRefused.ts';
import type { Submitted } from './submit/submitted.ts';

let service: Service | null = null;
afterEach(() => service?.close());

/** What a batch of as many commands is answered. */
async function answerOf(...submitted: (Submitted | SubmissionRefused)[]): Promise<Response> {
  const principal: Principal = {
    actor,
    roles: ['operator'],
    grants: [],
    groups: [],
    application: null,
    endsAtMs: Infinity,
  };
  service = createService({
    name: 'gateway',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: {
      handler: (request, _response, next) => {
        request.principal = principal;
        next();
      },
      assertCovers: () => undefined,
    },
    ready: () => [],
    patience: { lastAnswersMs: 0 },
    routes: (router) => batchRoute(router, { submitAll: () => Promise.resolve(submitted) }),
  });
  const { url } = await service.listen();
  return fetch(`${url}${BATCH_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ commands: submitted.map(() => ({})) }),
  });
}

const accepted = { kind: 'decided', outcome: outcomeOf() } as const;
const refusedAs = (code: string) =>
  ({ kind: 'decided', outcome: outcomeOf({ status: 'refused', code }) }) as const;

describe('a batch of which some may come again', () => {
  it('says when: after the longest that any of them is to wait', async () => {
    const paced = new SubmissionRefused('ROBOT_PACED', 'Later.', { retryAfterS: 1 });
    const answer = await answerOf(accepted, paced, refusedAs('TIMERS_PENDING'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([207, '5']);
    expect(await answer.json()).toMatchObject({
      results: [
        { status: 200, outcome: { code: 'ACCEPTED' } },
        { status: 429, problem: { code: 'ROBOT_PACED' } },
        { status: 503, problem: { code: 'TIMERS_PENDING' } },
      ],
    });
  });

  it('says nothing of it where all are decided', async () => {
    const answer = await answerOf(accepted, refusedAs('QUOTA_UNKNOWN'));
    expect(answer.headers.get('retry-after')).toBeNull();
  });
});
