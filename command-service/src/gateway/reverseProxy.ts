import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { urlToHttpOptions } from 'node:url';
import { Problem, sendProblem } from '@prorata/service-runtime';
import type { Request, Response } from 'express';
import type { Logger } from '@prorata/service-runtime';
import { forwardedHeaders, hopByHop, refuseStrayBody } from './forwardedRequest.ts';
import { ProxyPools } from './proxyPools.ts';
import { requestTarget } from './requestTarget.ts';
import { isEventStream } from './routeTable.ts';

/** How long a service behind may take to begin its answer, milliseconds; a stream then lasts as it likes. */
const ANSWER_TIMEOUT_MS = 30_000;
/** What may be uploaded through the gateway: batches of usage records, bytes. */
const UPLOAD_BYTES_MAX = 8_388_608;
export interface ReverseProxy {
  /**
   * @param base its host and port alone count
   * @param name what is there, for whoever is told that it does not answer
   * @throws Problem 400 for what cannot be passed on safely
   */
  forward(request: Request, response: Response, base: string, name: string): void;
  close(): void;
}

/** Passes requests on and answers back, as streams both ways: an event reaches the client as it comes. */
export function createReverseProxy(logger: Logger): ReverseProxy {
  const pools = new ProxyPools();
  return {
    forward(request, response, base, name) {
      const upstream = requestTo(request, base, pools);
      const failed = (error: unknown): void => {
        upstream.destroy();
        answerFailure(response, error, logger, { base, name });
      };
      const timer = setTimeout(() => failed(new AnswerTimeout()), ANSWER_TIMEOUT_MS);
      // A client that has gone must not leave a stream running behind.
      response.once('close', () => {
        clearTimeout(timer);
        upstream.destroy();
      });
      upstream.once('response', (answer) => {
        clearTimeout(timer);
        pass(answer, response).catch(() => response.destroy());
      });
      upstream.once('error', failed);
      upload(request, upstream).catch(failed);
    },
    close: () => pools.close(),
  };
}

/** Host and port come from the settings; the client's target is never parsed, and goes out as it came. */
function requestTo(request: Request, base: string, pools: ProxyPools): ClientRequest {
  const { text, path } = requestTarget(request.originalUrl);
  refuseStrayBody(request);
  const { protocol, hostname, port } = urlToHttpOptions(new URL(base));
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  return send({
    protocol,
    hostname,
    port,
    path: text,
    method: request.method,
    headers: forwardedHeaders(request),
    agent: pools.agentFor(protocol ?? 'http:', isEventStream(path)),
  });
}

class AnswerTimeout extends Error {
  override readonly name = 'AnswerTimeout';
}

async function upload(request: Request, upstream: ClientRequest): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > UPLOAD_BYTES_MAX) throw tooLarge();
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > UPLOAD_BYTES_MAX ? tooLarge() : null, chunk);
    },
  });
  await pipeline(request, bounded, upstream);
}

async function pass(answer: IncomingMessage, response: Response): Promise<void> {
  response.status(answer.statusCode ?? 502);
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, value);
  }
  // A stream's head goes out before its first event.
  response.flushHeaders();
  await pipeline(answer, response);
}

function answerFailure(
  response: Response,
  error: unknown,
  logger: Logger,
  { base, name }: { readonly base: string; readonly name: string },
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (error instanceof Problem) {
    // The rest of the body would otherwise be taken for the next request.
    response.setHeader('connection', 'close');
    sendProblem(response, error);
    return;
  }
  logger.warn({ err: error, base, name }, 'a service behind the gateway does not answer');
  const isLate = error instanceof AnswerTimeout;
  const problem = isLate
    ? new Problem(504, 'UPSTREAM_TIMEOUT', `The ${name} behind the gateway took too long.`)
    : new Problem(502, 'UPSTREAM_UNREACHABLE', `The ${name} behind the gateway cannot be reached.`);
  sendProblem(response, problem);
}

function tooLarge(): Problem {
  return new Problem(413, 'BODY_TOO_LARGE', `At most ${UPLOAD_BYTES_MAX} bytes are passed on.`);
}
