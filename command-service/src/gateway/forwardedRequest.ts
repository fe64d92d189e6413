import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Problem } from '@prorata/service-runtime';

/** Headers of one connection, not of the message (RFC 9110, 7.6.1); the gateway has met `expect` itself. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
]);

/**
 * A client cannot name these in Connection: without its framing a body would be read as the next
 * request of whoever uses the connection then, and without its token a request as nobody's.
 */
const END_TO_END: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'authorization',
  'host',
]);
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** The headers to send on; a body is always framed as it came. */
export function forwardedHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const named = (request.headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const dropped = new Set(named.filter((name) => !END_TO_END.has(name)));
  const kept = Object.entries(request.headers).filter(
    ([name]) => !hopByHop.has(name) && !dropped.has(name),
  );
  return {
    ...Object.fromEntries(kept),
    ...(isChunked(request) ? { 'transfer-encoding': 'chunked' } : {}),
    'x-forwarded-for': request.socket.remoteAddress ?? '',
  };
}

/** @throws Problem 400: a GET or HEAD with a body means different things to different servers */
export function refuseStrayBody(request: IncomingMessage): void {
  const hasBody = isChunked(request) || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || !BODILESS.has(request.method ?? '')) return;
  throw new Problem(400, 'BODY_UNEXPECTED', `A ${request.method} has no body here.`, {
    headers: { connection: 'close' },
  });
}

/** Node's parser takes no other coding than chunked for the last, and never both framings. */
function isChunked(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined;
}
