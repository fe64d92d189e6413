import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '@prorata/service-runtime';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { createReverseProxy } from './reverseProxy.ts';
import { isEventStream, upstreamOf } from './routeTable.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function inFrontOf(
  behind: string | ((request: IncomingMessage, response: ServerResponse) => void),
): Promise<string> {
  const base = typeof behind === 'string' ? behind : await listen(createServer(behind));
  const proxy = createReverseProxy(createLogger('test', 'silent'));
  const app = express();
  app.use((request, response) => proxy.forward(request, response, base, 'projector'));
  return listen(createServer(app));
}

describe('the reverse proxy', () => {
  it('passes method, path, body and headers on, and the answer back', async () => {
    const url = await inFrontOf((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.writeHead(201, { etag: '"7"', connection: 'keep-alive' });
        const { method, url: path, headers } = request;
        const body = Buffer.concat(parts).toString();
        response.end(JSON.stringify({ method, path, token: headers.authorization, body }));
      });
    });
    const answer = await fetch(`${url}/v1/quotas/moka%2Fprod?x=1`, {
      method: 'POST',
      body: 'hello',
      headers: { authorization: 'Bearer t' },
    });
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, '"7"']);
    expect(await answer.json()).toEqual({
      method: 'POST',
      path: '/v1/quotas/moka%2Fprod?x=1',
      token: 'Bearer t',
      body: 'hello',
    });
  });

  it.each(['/v1/rules/moka/stream', '/v1/feed'])(
    'gives %s a connection that nobody waits for',
    (path) => {
      expect(isEventStream(path)).toBe(true);
      expect(isEventStream(`${path}/x`)).toBe(false);
    },
  );

  it('lets each event of a stream through as it comes, and ends it with the client', async () => {
    let ended = false;
    let send: (text: string) => void = () => undefined;
    const url = await inFrontOf((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      send = (text) => response.write(text);
      response.once('close', () => (ended = true));
    });
    const abort = new AbortController();
    const answer = await fetch(`${url}/v1/rules/moka/stream`, { signal: abort.signal });
    const reader = answer.body!.getReader();
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      send(text);
      expect(Buffer.from((await reader.read()).value).toString()).toBe(text);
    }
    abort.abort();
    await expect.poll(() => ended).toBe(true);
  });

  it('says 502 when nobody listens', async () => {
    const gone = createServer();
    const base = await listen(gone);
    gone.close();
    const answer = await fetch(`${await inFrontOf(base)}/v1/audit`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
      detail: expect.stringContaining('projector') as string,
    });
  });

  it('takes no more than its limit of a body', async () => {
    const url = await inFrontOf((request, response) => {
      request.resume();
      request.on('end', () => response.end());
    });
    const answer = await fetch(`${url}/v1/usage`, {
      method: 'POST',
      body: Buffer.alloc(8_388_609),
    });
    expect(answer.status).toBe(413);
  });

  it('breaks the answer off when it broke behind', async () => {
    const url = await inFrontOf((request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
  });
});

describe('the route table', () => {
  it.each<[string, string | null, string?]>([
    ['/v1/quotas', 'projector'],
    ['/v1/quotas/', 'projector'],
    ['/v1/quotas/moka%2Fprod/explain', 'projector'],
    ['/v1/audit', 'projector'],
    ['/v1/proposals', 'projector'],
    ['/v1/budgets', 'projector'],
    ['/v1/budgets/acme/daily/spend', 'rightsizer'],
    ['/v1/budgets/acme/daily/entitlements', 'rightsizer'],
    ['/v1/rightsizer/status', 'rightsizer'],
    ['/v1/rules/moka/stream', 'relay'],
    ['/v1/feed', 'projector'],
    ['/v1/usage', 'relay', 'POST'],
    ['/v1/reports', 'relay', 'POST'],
    ['/v1/usage', null, 'GET'],
    ['/v1/quotas/moka%2Fprod', 'projector', 'HEAD'],
    ['/v1/quotas/moka%2Fprod', null, 'PUT'],
    ['/v1/quotas/..', null],
    ['/v1/commands', null],
    ['/v1/quotasx', null],
    ['/metrics', null],
  ])('%s is answered by %s', (path, upstream, method = 'GET') => {
    expect(upstreamOf(method, path)).toBe(upstream);
  });
});
