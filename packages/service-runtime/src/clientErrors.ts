import type { Duplex } from 'node:stream';
import { Problem } from './problem.ts';

/** What Node's parser refuses before there is a request, by the code of its error. */
const problems: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () =>
    new Problem(431, 'HEADERS_TOO_LARGE', 'The head of the request is larger than is read here.'),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    new Problem(408, 'REQUEST_TIMEOUT', 'The request did not come whole in time.'),
};

/** A problem like any other, and the end of the connection: what follows on it cannot be trusted. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    problems[error.code ?? '']?.() ??
    new Problem(400, 'REQUEST_MALFORMED', 'This is no HTTP request.');
  const document = problem.toDocument();
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${problem.status} ${String(document['title'])}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
