import { describeRoles } from '@prorata/quota-model';
import type { Request, RequestHandler, Response } from 'express';
import { Problem, routeUnknown } from '../problem.ts';
import { credentialsIn } from './tokenVerifier.ts';
import type { TokenVerifier, VerifyToken } from './tokenVerifier.ts';
import type { SourceHealth } from './reread.ts';
import { routeMatcher } from './matchRoute.ts';
import type { Principal } from './principal.ts';
import { reachOf } from './reach.ts';
import type { Reach } from './reach.ts';
import { rememberVerified } from './rememberVerified.ts';
import { routeRules } from './routeRules.ts';
import type { RouteRule, ServiceName } from './routeRules.ts';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard; a route that is open to anybody has none. */
    principal: Principal;
    /** How far the answer may go; set with the principal. */
    reach: Reach;
  }
}

export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
}

/** Stands before every route of a service, and before any body is read. */
export interface AccessGuard {
  readonly handler: RequestHandler;
  /** What vouches for callers, and how it is with it; absent: nothing does. */
  readonly sources?: () => readonly SourceHealth[];
  /** @throws TypeError naming the routes that no rule speaks of: nobody could call them */
  assertCovers(routes: readonly RegisteredRoute[]): void;
}

/**
 * Asks the table of routes for each request: 404 for what is not in it, 405 for another method, 401
 * without credentials, 403 when nothing that they open lies behind the route.
 */
export function accessGuard(
  service: ServiceName,
  verify: VerifyToken | TokenVerifier,
): AccessGuard {
  const rules = rulesOf(service);
  const match = routeMatcher(rules);
  const verifyOnce = rememberVerified(verify);
  const answeredHere = ({ method, path }: RegisteredRoute): boolean => {
    const rule = rules[`${method} ${path}`];
    return rule?.answeredBy.includes(service) === true;
  };
  return {
    ...('sources' in verify ? { sources: verify.sources } : {}),
    handler: async (request, response, next) => {
      const found = match(request.method, request.path);
      if (found.kind === 'missing') throw absent(request, response, found.methods);
      if (found.rule.who !== 'open') {
        request.principal = await verifyOnce(credentialsIn(request.headers));
        request.reach = reachOf(request.principal, found.rule);
        if (request.reach.length === 0) throw forbidden(request.principal, found.rule);
      }
      next();
    },
    assertCovers(routes) {
      const bare = routes.filter((route) => !answeredHere(route));
      if (bare.length === 0) return;
      const names = bare.map(({ method, path }) => `${method} ${path}`).join(', ');
      throw new TypeError(`No rule of the ${service} says who may call ${names}.`);
    },
  };
}

/** The gateway sees every route: it passes the others' on. */
function rulesOf(service: ServiceName): Readonly<Record<string, RouteRule>> {
  const all: Readonly<Record<string, RouteRule>> = routeRules;
  if (service === 'gateway') return all;
  return Object.fromEntries(
    Object.entries(all).filter(([, { answeredBy }]) => answeredBy.includes(service)),
  );
}

function absent(request: Request, response: Response, methods: readonly string[]): Problem {
  const { method, path } = request;
  if (methods.length === 0) {
    return routeUnknown(method, path);
  }
  const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  response.setHeader('allow', allow.join(', '));
  const detail = `${path} knows ${allow.join(', ')} and no ${method}.`;
  return new Problem(405, 'METHOD_NOT_ALLOWED', detail);
}

function forbidden(principal: Principal, rule: RouteRule): Problem {
  const { application } = principal;
  if (application !== null && rule.bound === 'none') {
    const detail = `The credentials are for the application ${application} alone, and this is no application's.`;
    return new Problem(403, 'FORBIDDEN', detail);
  }
  const roles = typeof rule.who === 'string' ? rule.who : rule.who.join(', ');
  return new Problem(
    403,
    'FORBIDDEN',
    `This needs one of the roles ${roles}. ${describeRoles(principal)}`,
  );
}
