import { Router } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { accessGuard } from './access/accessGuard.ts';
import { createLogger } from './logger.ts';
import { Problem } from './problem.ts';
import { createService } from './service.ts';
import type { ReadyCheck, Service } from './service.ts';

let service: Service | null = null;
afterEach(() => service?.close());

async function start(ready: () => readonly ReadyCheck[] = () => []): Promise<string> {
  service = createService({
    name: 'test',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: { handler: (_request, _response, next) => next(), assertCovers: () => undefined },
    ready,
    openapi: { paths: { '/v1/echo': { post: {} } } },
    bodyBytesMax: 100,
    patience: { lastAnswersMs: 0 },
    routes(router) {
      router.post('/v1/echo', (request, response) => {
        response.json({ body: request.body as unknown, large: 9007199254740993n, small: 5n });
      });
      router.get('/v1/refused', () => {
        throw new Problem(409, 'TAKEN', 'It is taken.', {
          violations: [{ path: '/name', message: 'choose another' }],
          extensions: { outcome: { n: 1 } },
        });
      });
      router.get('/v1/fault', () => Promise.reject(new Error('password=hunter2')));
    },
  });
  return (await service.listen()).url;
}

const post = (url: string, body: string | Buffer): Promise<Response> =>
  fetch(`${url}/v1/echo`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });

describe('a service', () => {
  it('answers JSON with exact 64-bit numbers', async () => {
    const answer = await post(await start(), '{"a":1}');
    expect(await answer.json()).toEqual({ body: { a: 1 }, large: '9007199254740993', small: 5 });
  });

  it('says a refusal as a problem with its code', async () => {
    const answer = await fetch(`${await start()}/v1/refused`);
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('etag')).toBeNull();
    expect(await answer.json()).toEqual({
      type: 'urn:prorata:problem:TAKEN',
      title: 'Conflict',
      status: 409,
      code: 'TAKEN',
      detail: 'It is taken.',
      violations: [{ code: 'TAKEN', path: '/name', message: 'choose another' }],
      outcome: { n: 1 },
    });
  });

  it('tells a caller nothing of a fault', async () => {
    const answer = await fetch(`${await start()}/v1/fault`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
  });

  it('refuses torn JSON, large bodies and unknown routes with their codes', async () => {
    const url = await start();
    const codes = [
      post(url, '{"a":'),
      post(url, Buffer.from('{"a":"\xff"}', 'latin1')),
      post(url, JSON.stringify({ a: 'x'.repeat(200) })),
      fetch(`${url}/v1/nothing`),
    ].map(async (answer) => ((await (await answer).json()) as { code: string }).code);
    expect(await Promise.all(codes)).toEqual([
      'REQUEST_MALFORMED',
      'REQUEST_MALFORMED',
      'BODY_TOO_LARGE',
      'ROUTE_UNKNOWN',
    ]);
  });

  it('refuses a body that says one thing twice, and names it', async () => {
    const answer = await post(await start(), '{"tier":3,"tier":4}');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'REQUEST_MALFORMED',
      detail: 'The key "tier" stands twice in one object.',
    });
  });

  it('is not ready while a check fails, and names it', async () => {
    let ok = false;
    const url = await start(() => [{ name: 'partition 3', ok, detail: 'restoring' }]);
    const before = await fetch(`${url}/readyz`);
    expect(before.status).toBe(503);
    expect(await before.text()).toContain('partition 3');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    ok = true;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('measures by route, and shows its part of the interface', async () => {
    const url = await start();
    await post(url, '{}');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('route="/v1/echo"');
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toEqual(['/v1/echo']);
  });
});

describe('a service with a route of which no rule speaks', () => {
  const made = (routes: (router: Router) => void): Service =>
    createService({
      name: 'test',
      settings: { http: { host: '127.0.0.1', port: 0 } },
      logger: createLogger('test', 'silent'),
      access: accessGuard('projector', () => Promise.reject(new Error('not asked'))),
      ready: () => [],
      routes,
    });

  it('is not made', () => {
    const answer = (_request: unknown, response: { end(): unknown }): unknown => response.end();
    made((router) => router.get('/v1/quotas', answer));
    expect(() => made((router) => router.get('/v1/secrets', answer))).toThrow('GET /v1/secrets');
    expect(() => made((router) => router.put('/v1/quotas', answer))).toThrow('PUT /v1/quotas');
    expect(() => made((router) => router.use('/v1', Router()))).toThrow('router');
  });
});
