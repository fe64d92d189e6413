import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { endWith, isGuarded, RequestGuard } from '../http/requestGuard.ts';
import type { GuardOptions, Guarded } from '../http/requestGuard.ts';
import type { RefusedAnswer } from '../http/refusedAnswer.ts';
import type { QuotaOfRequest } from './express.ts';

export type { GuardOptions } from '../http/requestGuard.ts';
export type { QuotaOfRequest } from './express.ts';

/** What fastify looks for in a plugin whose hooks are for the routes beside it, not for its own alone. */
const SKIP_OVERRIDE = Symbol.for('skip-override');

const verdicts = new WeakMap<FastifyRequest, QuotaOfRequest>();

/** What the quota said of a request; undefined: it was not asked. */
export const quotaOf = (request: FastifyRequest): QuotaOfRequest | undefined =>
  verdicts.get(request);

/**
 * A plugin for fastify, for all routes registered after it: a request that its quota has no room for
 * is answered 429, one that the host has no room for 503.
 */
export function fastifyQuota(options: GuardOptions<FastifyRequest>): FastifyPluginCallback {
  const guard = new RequestGuard(options);
  const plugin: FastifyPluginCallback = (instance, _options, registered) => {
    instance.addHook('onRequest', (request, reply, done) => {
      const answer = guard.enter(request);
      if (!(answer instanceof Promise)) goOn(answer, request, reply, done);
      else answer.then((late) => goOn(late, request, reply, done), done);
    });
    registered();
  };
  return Object.assign(plugin, { [SKIP_OVERRIDE]: true });
}

function goOn(
  answer: Guarded | RefusedAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
  done: () => void,
): void {
  if (!isGuarded(answer)) {
    void reply.code(answer.status).headers(answer.headers).send(answer.body);
    return;
  }
  if (reply.raw.destroyed) {
    // It waited for longer than its caller did.
    answer.end('ignored');
    return;
  }
  void reply.headers(answer.fields);
  verdicts.set(request, { verdict: answer.verdict, tag: answer.tag });
  endWith(reply.raw, answer);
  done();
}
