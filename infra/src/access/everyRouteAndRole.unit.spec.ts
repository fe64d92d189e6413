import { createMemoryLog } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import {
  accessGuard,
  createLogger,
  createService,
  Problem,
  roles,
  routeRules,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { Role, RouteRule, Service, ServiceName } from '@prorata/service-runtime';
import type { Router } from 'express';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandRoles } from '../../../command-service/src/gateway/commandRoles.ts';
import { startGateway } from '../../../command-service/src/gateway/startGateway.ts';
import type { RunningGateway } from '../../../command-service/src/gateway/startGateway.ts';
import { intakeRoutes } from '../../../enforcer-relay/src/http/intakeRoutes.ts';
import { leaseRoutes } from '../../../enforcer-relay/src/http/leaseRoutes.ts';
import { rulesRoutes } from '../../../enforcer-relay/src/http/rulesRoutes.ts';
import { queryRoutes } from '../../../projector/src/startProjector.ts';
import { routes as rightsizerRoutes } from '../../../rightsizer/src/service/routes.ts';
import { mintToken, tokenIssuer } from '../stack/mintToken.ts';
import type { TokenClaims } from '../stack/mintToken.ts';
import { provideSecrets } from '../stack/stackSecrets.ts';

/**
 * The routers of every service as they run, over tables, feeds and logs that are empty: what is asked
 * here is who gets to them.
 */
const services: Service[] = [];
const urls = new Map<ServiceName, string>();
let gateway: RunningGateway;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-access-'));
  const { jwksFile } = await provideSecrets(directory);
  const verify = tokenVerifier({ tokens: { issuer: tokenIssuer, jwksFile } });
  const logger = createLogger('test', 'silent');
  const open = async (
    name: ServiceName,
    routes: (router: Router) => void,
    streamingRoutes: (router: Router) => void = () => undefined,
  ): Promise<string> => {
    const service = createService({
      name,
      settings: { http: { host: '127.0.0.1', port: 0 } },
      logger,
      access: accessGuard(name, verify),
      ready: () => [],
      openapi: { paths: {} },
      patience: { lastAnswersMs: 0 },
      routes,
      streamingRoutes,
    });
    services.push(service);
    const { url } = await service.listen();
    urls.set(name, url);
    return url;
  };
  const [projector, relay, rightsizer] = [
    await open('projector', (router) => {
      const pool = { query: () => Promise.resolve({ rows: [] }) };
      const lag = { measure: () => Promise.resolve(0n) };
      const open = (_asked: never, response: { end: () => void }): void => response.end();
      const feeds = { partitions: 4, open };
      queryRoutes(router, { pool, lag, feeds } as never);
    }),
    await open('relay', (router) => {
      rulesRoutes(router, { of: () => Promise.resolve(null) } as never, { size: 0 } as never);
      const taken = (): Promise<void> => Promise.resolve();
      leaseRoutes(router, { of: () => Promise.resolve(null) } as never, { size: 0 } as never);
      intakeRoutes(router, { sendUsage: taken, sendReport: taken } as never);
    }),
    await open('rightsizer', (router) => {
      const status = () => Promise.resolve({});
      const look = () => Promise.resolve(null);
      const costs = (): never => {
        throw new Problem(503, 'LEDGER_NOT_RUNNING', 'Not here.');
      };
      const tables = { newest: () => Promise.resolve(null), names: () => Promise.resolve([]) };
      const entitlements = { plan: () => 'unknown' as const, now: () => 0n };
      const explain = () => ({});
      const budgets = { look, explain, entitlements };
      rightsizerRoutes(router, { status, costs, tables: tables as never, ...budgets });
    }),
  ];
  gateway = await startGateway({
    port: memoryPort(),
    codec: new Codec(memoryIds()),
    settings: {
      urls: { projector, relay, rightsizer, gateway: null },
      tokenFile: null,
      validators: { hosts: [], secretsDirectory: null },
    },
    topics: { commands: 'quota.commands', outcomes: 'quota.outcomes' },
    partitions: 4,
    group: 'command-service',
    registry: new Registry(),
    tracing: null,
    sign: () => ({}),
    clock: { now: () => 0n, after: () => () => undefined },
    logger,
    outcomeTimeoutMs: 1,
  });
  await open(
    'gateway',
    (router) => gateway.routes(router),
    (router) => gateway.streamingRoutes(router),
  );
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  await gateway.stop();
  await rm(directory, { recursive: true });
});

function memoryPort(): Parameters<typeof startGateway>[0]['port'] {
  const log = createMemoryLog({ seed: 1 });
  for (const topic of ['quota.commands', 'quota.outcomes']) log.createTopic(topic, 4);
  return log.connect();
}

type Caller = Partial<Pick<TokenClaims, 'roles' | 'grants' | 'application' | 'kind'>>;

const withRole = (role: Role, more: Caller = {}): Caller => ({
  kind: role === 'robot' ? 'robot' : 'user',
  ...more,
});
const scopes = ['moka', 'moka/prod', 'tidb', 'organization:acme', 'organization:other'];

/** Every role everywhere, bound to the application that is asked for and to another, and granted. */
const callers: readonly Caller[] = [
  {},
  { kind: 'service' },
  { kind: 'service', application: 'moka' },
  { kind: 'service', application: 'tidb' },
  ...roles.flatMap((role) => [
    withRole(role, { roles: [role] }),
    withRole(role, { roles: [role], application: 'moka' }),
    withRole(role, { roles: [role], application: 'tidb' }),
    ...scopes.map((scope) => withRole(role, { grants: [`${role}@${scope}`] })),
  ]),
];

const tokens = new Map<Caller, Promise<string>>();
function tokenOf(caller: Caller): Promise<string> {
  const claims = { subject: 'u-1', kind: 'user', roles: [], ...caller } as const;
  const token = tokens.get(caller) ?? mintToken(directory, claims);
  tokens.set(caller, token);
  return token;
}

const parameters: Readonly<Record<string, string>> = {
  ':quotaId': 'moka%2Fprod',
  ':rolloutId': 'moka-r1',
  ':application': 'moka',
  ':organization': 'acme',
  ':proposalId': 'moka-p7',
};
const usage = {
  hostId: 'h',
  bootId: 'b',
  sequence: 0,
  application: 'moka',
  quotaId: 'moka/prod',
  project: null,
  windowStart: '2026-01-01T00:00:00Z',
  windowEnd: '2026-01-01T00:00:05Z',
  resources: [],
};
const report = {
  hostId: 'h',
  bootId: 'b',
  application: 'moka',
  sdkVersion: '1',
  source: 'kafka',
  rules: 0,
  appliedOffset: 0,
  appliedAt: '2026-01-01T00:00:00Z',
  reportedAt: '2026-01-01T00:00:00Z',
};
const demand = {
  hostId: 'h',
  bootId: 'b',
  application: 'moka',
  reportedAt: '2026-01-01T00:00:00Z',
  demands: [],
};
const bodies: Readonly<Record<string, object>> = {
  'POST /v1/usage': { records: [usage] },
  'POST /v1/reports': { reports: [report] },
  'POST /v1/demands': { reports: [demand] },
};

/** Of routes whose query says what they are about. */
const queries: Readonly<Record<string, string>> = { 'GET /v1/costs': '?organization=acme' };

/** in, or the status of whoever stays outside. */
async function ask(service: ServiceName, route: string, caller: Caller | null): Promise<unknown> {
  const [method = '', pattern = ''] = route.split(' ');
  const target = pattern.replace(/:[a-zA-Z]+/g, (name) => parameters[name] ?? 'x');
  const query = queries[route] ?? '';
  return send(`${urls.get(service)}${target}${query}`, method, bodies[route] ?? {}, caller);
}

async function send(
  url: string,
  method: string,
  body: object,
  caller: Caller | null,
): Promise<unknown> {
  const authorization = caller === null ? {} : { authorization: `Bearer ${await tokenOf(caller)}` };
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...authorization },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isOutside = [401, 403, 405].includes(answer.status) || text.includes('ROUTE_UNKNOWN');
  return isOutside ? answer.status : 'in';
}

/** What a route is about, when its path or body says; null: a listing, which holds what is in reach. */
function subjectOf(route: string, { answeredBy }: RouteRule): string | null {
  if (answeredBy.includes('relay') || route.includes(':application')) return 'moka';
  if (route.includes(':quotaId')) return 'moka/prod';
  const isOfAcme = route.includes(':organization') || route in queries;
  return isOfAcme ? 'organization:acme' : null;
}

function expected(route: string, rule: RouteRule, caller: Caller | null): unknown {
  if (rule.who === 'open') return 'in';
  if (caller === null) return 401;
  const { sends } = rule;
  if (sends !== undefined) return maySendIn(sends, caller, streamIn(route)) ? 'in' : 403;
  if (rule.who === 'known') return 'in';
  return isIn(route, rule, rule.who, caller) ? 'in' : 403;
}

const ofWholeApplication: readonly string[] = [
  'GET /v1/applications/:application',
  'GET /v1/hosts/:application/:hostId',
];

function isIn(route: string, rule: RouteRule, who: readonly Role[], caller: Caller): boolean {
  const { roles: held = [], grants = [], application, kind } = caller;
  const subject = subjectOf(route, rule);
  if (application !== undefined && rule.bound === 'none') return false;
  if (held.some((role) => who.includes(role)) || (rule.services === true && kind === 'service')) {
    if (application !== undefined) return subject === null || application === 'moka';
    // A host's credentials must name the application that it is a host of.
    return !(subject === 'moka' && held.includes('host'));
  }
  const [role, scope] = grants[0]?.split('@') ?? [];
  if (role === undefined || scope === undefined || !who.includes(role as Role)) return false;
  if (rule.grants === 'none' || scope.includes(':') !== (rule.grants === 'streams')) return false;
  // Whoever may read any of an application's quotas may read what it is that checks and who enforces them.
  if (ofWholeApplication.includes(route)) return scope.split('/')[0] === subject;
  return subject === null || subject === scope || subject.startsWith(`${scope}/`);
}

function maySendIn(
  type: string,
  { roles: held = [], grants = [], application }: Caller,
  stream = 'application:moka',
): boolean {
  const allowed: readonly string[] = commandRoles[type as keyof typeof commandRoles];
  const [role, scope = ''] = grants[0]?.split('@') ?? [];
  if (role !== undefined) {
    const part = scope.includes(':') ? scope : `application:${scope.split('/')[0] ?? ''}`;
    return allowed.includes(role) && part === stream;
  }
  const reaches = application === undefined || stream === `application:${application}`;
  return held.some((each) => allowed.includes(each)) && reaches;
}

/** The stream of the thing that a path names, as the parameters above fill it. */
function streamIn(route: string): string {
  if (route.includes(':priceBook')) return 'pricebook:x';
  if (route.includes(':tierPolicy')) return 'tierpolicy:x';
  return route.includes(':organization') ? 'organization:acme' : 'application:moka';
}

const told = (caller: Caller | null): string =>
  caller === null ? 'nobody' : JSON.stringify(caller);
const rules = Object.entries(routeRules as Readonly<Record<string, RouteRule>>);

describe('every route for every role, bound, granted and for nobody', () => {
  it.each(rules)('%s', async (route, rule) => {
    for (const service of new Set<ServiceName>([...rule.answeredBy, 'gateway'])) {
      for (const caller of [null, ...callers]) {
        const place = `${service} ${told(caller)}`;
        expect([place, await ask(service, route, caller)]).toEqual([
          place,
          expected(route, rule, caller),
        ]);
      }
    }
  });
});

describe('every command for every role, bound, granted and for nobody', () => {
  it.each(Object.keys(commandRoles))('%s', async (type) => {
    const body = { type, stream: 'application:moka', reason: 'for the test', data: {} };
    for (const caller of [null, ...callers]) {
      const url = `${urls.get('gateway')}/v1/commands`;
      const answer = await send(url, 'POST', body, caller);
      const may = caller !== null && maySendIn(type, caller);
      expect([told(caller), answer]).toEqual([
        told(caller),
        caller === null ? 401 : may ? 'in' : 403,
      ]);
    }
  });
});
