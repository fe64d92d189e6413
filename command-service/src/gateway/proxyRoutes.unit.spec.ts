import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createLogger, createService, Problem } from '@prorata/service-runtime';
import type { Service } from '@prorata/service-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxyRoutes } from './proxyRoutes.ts';
import { createReverseProxy } from './reverseProxy.ts';
import type { ReverseProxy } from './reverseProxy.ts';

interface Seen {
  readonly line: string;
  readonly token: string | undefined;
  readonly mine: unknown;
  readonly body: string;
}

const logger = createLogger('test', 'silent');
/** What each server behind was asked, in order. */
let seen: Seen[];
let elsewhere: Seen[];
let behind: Server;
let stranger: Server;
let gateway: Service;
let proxy: ReverseProxy;
let port: number;

async function recorder(into: Seen[]): Promise<Server> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const line = `${request.method} ${request.url}`;
      const { authorization: token, 'x-mine': mine } = request.headers;
      into.push({ line, token, mine, body });
      response.end(line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  seen = [];
  elsewhere = [];
  [behind, stranger] = await Promise.all([recorder(seen), recorder(elsewhere)]);
  proxy = createReverseProxy(logger);
  const url = `http://127.0.0.1:${portOf(behind)}`;
  gateway = createService({
    name: 'gateway',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger,
    access: {
      handler: (request, _response, next) => {
        if (request.headers.authorization === undefined) throw new Problem(401, 'NO', 'none');
        next();
      },
      assertCovers: () => undefined,
    },
    ready: () => [],
    routes: () => undefined,
    streamingRoutes: (router) =>
      proxyRoutes(router, {
        urls: { projector: url, relay: url, rightsizer: null },
        proxy,
      }),
  });
  port = Number(new URL((await gateway.listen()).url).port);
});

afterEach(async () => {
  proxy.close();
  for (const server of [behind, stranger]) server.closeAllConnections();
  behind.close();
  stranger.close();
  await gateway.close();
});

/** Sends the bytes as they are, which no HTTP client would; resolves when the gateway hangs up. */
async function raw(...lines: string[]): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString()));
  socket.write(lines.join('\r\n'));
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => resolve());
    socket.once('error', reject);
  });
  return answer;
}

const get = (target: string): Promise<string> =>
  raw(`GET ${target} HTTP/1.1`, 'Host: x', 'Authorization: Bearer t', 'Connection: close', '', '');

describe('the way to the services behind', () => {
  it('leads where the table says, the target byte for byte', async () => {
    expect(await get('/v1/quotas/moka%2Fprod?after=a/../b')).toMatch(/^HTTP\/1\.1 200/);
    expect(seen.map(({ line }) => line)).toEqual(['GET /v1/quotas/moka%2Fprod?after=a/../b']);
  });

  it.each<[string, () => string]>([
    ['another server', () => `http://127.0.0.1:${portOf(stranger)}/v1/quotas/../../secret`],
    ['another server, plainly', () => `http://127.0.0.1:${portOf(stranger)}/v1/quotas`],
    ['another host', () => `//127.0.0.1:${portOf(stranger)}/v1/quotas`],
    ['dot segments', () => '/v1/quotas/../../metrics'],
    ['encoded dot segments', () => '/v1/quotas/%2e%2e/%2E%2e/internal'],
    ['dots half encoded', () => '/v1/quotas/.%2e/.%2E/internal'],
    ['a dot segment behind an encoded slash', () => '/v1/quotas/a%2f..%2F..%2fmetrics'],
    ['one dot', () => '/v1/quotas/./x'],
    ['a backslash', () => '/v1/quotas\\..\\..\\metrics'],
    ['an encoded backslash', () => '/v1/quotas/%5c..%5C..'],
    ['a fragment', () => '/v1/quotas#/../metrics'],
    ['a broken escape', () => '/v1/quotas/%zz'],
  ])('does not lead to %s', async (_where, target) => {
    expect(await get(target())).toMatch(/^HTTP\/1\.1 400/);
    expect([...seen, ...elsewhere]).toEqual([]);
  });

  it('is closed to whoever brings no token', async () => {
    const answer = await raw('GET /v1/quotas HTTP/1.1', 'Host: x', 'Connection: close', '', '');
    expect(answer).toMatch(/^HTTP\/1\.1 401/);
    expect(seen).toEqual([]);
  });
});

describe('a body on the way', () => {
  const smuggled = 'GET /v1/audit HTTP/1.1\r\nHost: x\r\nX-Evil: 1\r\n\r\n';
  const length = `Content-Length: ${smuggled.length}`;
  const chunked = [
    'Transfer-Encoding: chunked',
    '',
    smuggled.length.toString(16),
    `${smuggled}\r\n0\r\n\r\n`,
  ];
  const head = (method: string, connection: string): string[] => [
    `${method} ${method === 'POST' ? '/v1/usage' : '/v1/quotas/a'} HTTP/1.1`,
    'Host: x',
    'Authorization: Bearer t',
    `Connection: ${connection}`,
  ];

  it.each<[string, string[]]>([
    [
      'its length named in Connection',
      [...head('POST', 'close, Content-Length'), length, '', smuggled],
    ],
    ['its coding named in Connection', [...head('POST', 'close, transfer-encoding'), ...chunked]],
    ['chunks', [...head('POST', 'close'), ...chunked]],
    ['chunks and a length named', [...head('POST', 'close, content-length'), ...chunked]],
  ])('is never read as a request: with %s', async (_how, lines) => {
    expect(await raw(...lines)).toMatch(/^HTTP\/1\.1 200/);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ token: 'Bearer t', body: smuggled });
    // The next on the same connection gets its own answer.
    expect(await get('/v1/quotas/victim')).toMatch(/GET \/v1\/quotas\/victim$/);
    expect(seen).toHaveLength(2);
  });

  it.each<[string, string[]]>([
    ['GET', [...head('GET', 'content-length'), length, '', smuggled]],
    ['HEAD', [...head('HEAD', 'close'), length, '', smuggled]],
    ['GET in chunks', [...head('GET', 'keep-alive'), ...chunked]],
  ])('is refused on a %s', async (_method, lines) => {
    expect(await raw(...lines)).toMatch(/^HTTP\/1\.1 400/);
    expect(seen).toEqual([]);
    expect(await get('/v1/quotas/victim')).toMatch(/GET \/v1\/quotas\/victim$/);
  });

  it('keeps the token that Connection names, and drops what else it names', async () => {
    const lines = [...head('GET', 'close, authorization, x-mine'), 'X-Mine: 1', '', ''];
    expect(await raw(...lines)).toMatch(/^HTTP\/1\.1 200/);
    expect(seen[0]).toMatchObject({ token: 'Bearer t', mine: undefined });
  });
});
