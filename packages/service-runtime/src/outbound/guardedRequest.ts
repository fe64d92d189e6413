import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { guardedLookup, HostNotAllowed, mayLeadTo } from './allowedHosts.ts';

/** Connections kept open to one host for what comes next. */
const IDLE_SOCKETS_MAX = 4;

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX }),
  'https:': new https.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX }),
};

export interface GuardedRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the authorities to trust; absent: the system's. */
  readonly ca?: string;
  /** More of an answer is not read, bytes. */
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
}

export interface GuardedAnswer {
  readonly status: number;
  readonly text: string;
}

/** The answer has more bytes than are read. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * One exchange with a host that others have named, without following where an answer leads. The address is
 * looked at where the connection takes it from, see `guardedLookup`; whether the host is on the operator's list
 * is for the caller to ask (`mustBeAllowed`).
 * @throws HostNotAllowed, AnswerTooLarge, or the connection's own error
 */
export function guardedRequest(request: GuardedRequest): Promise<GuardedAnswer> {
  const { url, method, body, headers, ca, signal } = request;
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayLeadTo(url.hostname, host)) {
    return Promise.reject(new HostNotAllowed(`${host} is not asked.`));
  }
  return new Promise((resolve, reject) => {
    const sent = (protocol === 'https:' ? https : http).request(url, {
      method,
      agent: agents[protocol],
      lookup: guardedLookup,
      signal,
      ...(ca === undefined ? {} : { ca }),
      headers: {
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      read(response, request.answerBytesMax).then(resolve, (error: unknown) => {
        response.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    sent.end(body);
  });
}

async function read(response: http.IncomingMessage, bytesMax: number): Promise<GuardedAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new AnswerTooLarge(`The answer has more than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}
