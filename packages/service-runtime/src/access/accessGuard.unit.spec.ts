import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../logger.ts';
import { problemHandler } from '../problem.ts';
import { accessGuard } from './accessGuard.ts';
import { routeMatcher } from './matchRoute.ts';
import { principalOf, unauthorized } from './principal.ts';
import type { Claims, Principal } from './principal.ts';
import { reaches, reachesInto, reachOf } from './reach.ts';
import { routeRules } from './routeRules.ts';
import type { RouteRule } from './routeRules.ts';

const principal = (more: Partial<Claims> = {}): Principal =>
  principalOf({
    issuer: 'https://issuer.test',
    subject: 'u-1',
    kind: 'user',
    roles: [],
    grants: [],
    groups: [],
    application: null,
    endsAtMs: Infinity,
    ...more,
  });

describe('the table of routes', () => {
  const match = routeMatcher(routeRules);
  const nameOf = (method: string, path: string): unknown => {
    const found = match(method, path);
    return found.kind === 'found' ? found.name : found.methods;
  };

  it.each([
    ['GET', '/v1/quotas', 'GET /v1/quotas'],
    ['GET', '/v1/quotas/', 'GET /v1/quotas'],
    ['HEAD', '/v1/quotas', 'GET /v1/quotas'],
    ['GET', '/v1/quotas/moka%2Fprod', 'GET /v1/quotas/:quotaId'],
    ['GET', '/v1/quotas/moka%2Fprod/explain', 'GET /v1/quotas/:quotaId/explain'],
    ['TRACE', '/v1/commands', ['POST']],
  ])('reads %s %s as %j', (method, path, expected) => {
    expect(nameOf(method, path)).toEqual(expected);
  });

  it.each(['/', '', '/v1', '/v1/quotas/..', '/v1//quotas', '/V1/quotas', '/v1/quotas/a/explain/b'])(
    'knows nothing at %j',
    (path) => {
      expect(nameOf('GET', path)).toEqual([]);
    },
  );

  it('prefers what is written out to what stands for anything', () => {
    const rule: RouteRule = routeRules['GET /healthz'];
    const found = routeMatcher({ 'GET /a/:b': rule, 'GET /a/c': rule })('GET', '/a/c');
    expect(found).toMatchObject({ name: 'GET /a/c' });
  });

  it('writes every path in one way: no two names for the same', () => {
    const shapes = Object.keys(routeRules).map((name) => name.replace(/:[^/]+/g, ':'));
    expect(new Set(shapes).size).toBe(shapes.length);
  });
});

describe('the reach of a principal', () => {
  const quotas: RouteRule = routeRules['GET /v1/quotas'];
  const money: RouteRule = routeRules['GET /v1/budgets'];

  it.each<[string, Partial<Claims>, RouteRule, unknown]>([
    ['a role that holds everywhere', { roles: ['member'] }, quotas, 'everywhere'],
    ['no role', {}, quotas, []],
    ['another role', { roles: ['host'] }, quotas, []],
    ['a service, where services may', { kind: 'service' }, quotas, 'everywhere'],
    ['a service, where they may not', { kind: 'service' }, money, []],
    ['a bound role', { roles: ['operator'], application: 'moka' }, quotas, ['moka']],
    ['a bound role, at money', { roles: ['admin'], application: 'moka' }, money, []],
    ['grants', { grants: ['operator@moka/a', 'auditor@tidb'] }, quotas, ['moka/a', 'tidb']],
    ['a grant of another role', { grants: ['host@moka'] }, quotas, []],
    ['a grant of a stream, at quotas', { grants: ['operator@organization:a'] }, quotas, []],
    [
      'a grant of a stream, at money',
      { grants: ['auditor@organization:a'] },
      money,
      ['organization:a'],
    ],
    ['a grant of quotas, at money', { grants: ['operator@moka'] }, money, []],
    [
      'bound grants',
      { grants: ['operator@moka/a', 'operator@tidb'], application: 'tidb' },
      quotas,
      ['tidb'],
    ],
    [
      'a grant, where it must hold everywhere',
      { grants: ['auditor@moka'] },
      routeRules['GET /v1/rightsizer/status'],
      [],
    ],
  ])('with %s', (_what, claims, rule, expected) => {
    expect(reachOf(principal(claims), rule)).toEqual(expected);
  });

  it('ends at the edge of its scopes', () => {
    expect(
      ['moka/a', 'moka/a/b', 'moka/ab', 'moka', 'tidb/a'].map((id) => reaches(['moka/a'], id)),
    ).toEqual([true, true, false, false, false]);
    expect(['moka', 'tidb'].map((id) => reachesInto(['moka/a'], id))).toEqual([true, false]);
    expect(reaches([], 'moka/a')).toBe(false);
  });
});

describe('the guard', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  /** Every request that gets through is answered with how far it reaches. */
  async function guarded(): Promise<string> {
    const guard = accessGuard('projector', (token) => {
      if (token === 'nobody') return Promise.reject(unauthorized('no'));
      return Promise.resolve(principal({ roles: token.split(','), application: null }));
    });
    const app = express();
    app.use(guard.handler);
    app.use((request, response) => void response.json({ reach: request.reach }));
    app.use(problemHandler(createLogger('test', 'silent')));
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each<[string, string, string | null, number]>([
    ['GET', '/healthz', null, 200],
    ['GET', '/v1/quotas', null, 401],
    ['GET', '/v1/quotas', 'nobody', 401],
    ['GET', '/v1/quotas', 'host', 403],
    ['GET', '/v1/quotas', 'operator', 200],
    ['DELETE', '/v1/quotas', 'admin', 405],
    ['GET', '/v1/secrets', 'admin', 404],
    // The relay's and the gateway's, and so not the projector's.
    ['GET', '/v1/rules/moka', 'admin', 404],
    ['POST', '/v1/commands', 'admin', 404],
  ])('answers %s %s of %s with %i', async (method, path, token, status) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${await guarded()}${path}`, { method, headers });
    expect(answer.status).toBe(status);
    if (status === 403) {
      const { detail } = (await answer.json()) as { detail: string };
      expect(detail).toMatch(/needs one of the roles .+ You have host\.$/);
    }
    if (status === 405) expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('refuses a service whose routes are not all in the table', () => {
    const guard = accessGuard('projector', () => Promise.reject(new Error('not asked')));
    guard.assertCovers([{ method: 'GET', path: '/v1/quotas' }]);
    for (const [method, path] of [
      ['GET', '/v1/secrets'],
      ['POST', '/v1/quotas'],
      ['GET', '/v1/rules/:application'],
    ] as const) {
      expect(() => guard.assertCovers([{ method, path }])).toThrow(`${method} ${path}`);
    }
  });
});
