import http from 'node:http';
import https from 'node:https';
import { guardedLookup, mayLeadTo, HostNotAllowed } from './allowedHosts.ts';
import { isIP } from 'node:net';

/** A verdict and some totals: more is not read, bytes. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** Connections kept open for one validator's next questions. */
const IDLE_SOCKETS_MAX = 4;

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX }),
  'https:': new https.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX }),
};

/** The validator could be reached and did not answer as agreed. */
export class AnswerUnusable extends Error {
  override readonly name = 'AnswerUnusable';
  /** Whether asking again may help: not where the question itself was refused. */
  readonly isLasting: boolean;

  constructor(message: string, isLasting: boolean) {
    super(message);
    this.isLasting = isLasting;
  }
}

/**
 * One POST, without following where an answer leads.
 * @returns the text of a 200
 * @throws AnswerUnusable, HostNotAllowed, or the connection's own error
 */
export function postQuestion(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayLeadTo(url.hostname, host)) {
    return Promise.reject(new HostNotAllowed(`${host} is not asked.`));
  }
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? https : http).request(url, {
      method: 'POST',
      agent: agents[protocol],
      lookup: guardedLookup,
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(body),
        ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      readAnswer(response).then(resolve, (error: unknown) => {
        response.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    request.end(body);
  });
}

async function readAnswer(response: http.IncomingMessage): Promise<string> {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    throw new AnswerUnusable(`It answered ${status}.`, status >= 300 && status < 500);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new AnswerUnusable(`Its answer has more than ${ANSWER_BYTES_MAX} bytes.`, true);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
