import { readFile } from 'node:fs/promises';
import type { Actor, ActorKind } from '@prorata/schemas';
import type { Request, RequestHandler } from 'express';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import { Problem } from './problem.ts';

export const roles = ['admin', 'operator', 'auditor', 'host', 'robot'] as const;
export type Role = (typeof roles)[number];

/** Who is calling, as the token's issuer vouches for. */
export interface Principal {
  readonly actor: Actor;
  readonly roles: readonly string[];
  /** The one application that the token is for; null: not bound to one. */
  readonly application: string | null;
}

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by `authenticate`; a route without it has none. */
    principal: Principal;
  }
}

export interface TokenSettings {
  readonly tokens: { readonly issuer: string; readonly jwksFile: string };
}

const AUDIENCE = 'prorata';
/** Clocks of two machines differ by less, seconds. */
const CLOCK_TOLERANCE_S = 10;
/** A flood of tokens with unknown key ids must not become a flood of file reads, milliseconds. */
const KEYS_REREAD_MS = 10_000;
/** Tokens longer than this are not looked at. */
const TOKEN_LENGTH_MAX = 8_192;
const kinds: readonly ActorKind[] = ['user', 'service', 'robot'];

export type VerifyToken = (token: string) => Promise<Principal>;

/** @returns a function that throws Problem 401 for whatever is wrong with a token */
export function tokenVerifier({ tokens }: TokenSettings): VerifyToken {
  const keys = rereadKeys(tokens.jwksFile);
  return async (token) => {
    if (token.length > TOKEN_LENGTH_MAX) throw unauthorized('The token is too long.');
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: tokens.issuer,
        audience: AUDIENCE,
        // Named, so that a token cannot choose a weaker one, or none.
        algorithms: ['EdDSA', 'Ed25519'],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      return principalOf(payload, tokens.issuer);
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw unauthorized(`The token is refused: ${error.code}.`);
      throw error;
    }
  };
}

/** Reads the bearer token, and sets `request.principal`; 401 otherwise. */
export function authenticate(settings: TokenSettings): RequestHandler {
  const verify = tokenVerifier(settings);
  return async (request, _response, next) => {
    request.principal = await verify(bearerOf(request));
    next();
  };
}

/** 403 unless the caller has one of the roles; an admin may do all. */
export function requireRole(...allowed: readonly Role[]): RequestHandler {
  return (request, _response, next) => {
    const held = principalIn(request).roles;
    if (!held.includes('admin') && !allowed.some((role) => held.includes(role))) {
      throw new Problem(403, 'FORBIDDEN', `This needs one of the roles ${allowed.join(', ')}.`);
    }
    next();
  };
}

function principalIn(request: Request): Principal {
  const principal = request.principal as Principal | undefined;
  if (principal === undefined) throw new TypeError('requireRole stands before authenticate.');
  return principal;
}

function bearerOf(request: Request): string {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) throw unauthorized('A bearer token is needed.');
  return match[1];
}

function principalOf(payload: JWTPayload, issuer: string): Principal {
  const kind = kinds.find((candidate) => candidate === payload['kind']);
  if (kind === undefined)
    throw unauthorized(`The token's kind must be one of ${kinds.join(', ')}.`);
  const held: unknown = payload['roles'] ?? [];
  if (!Array.isArray(held) || !held.every((role) => typeof role === 'string')) {
    throw unauthorized("The token's roles must be a list of names.");
  }
  const application = payload['application'];
  if (application !== undefined && typeof application !== 'string') {
    throw unauthorized("The token's application must be an id.");
  }
  return {
    actor: { kind, issuer, subject: payload.sub ?? '' },
    roles: held,
    application: application ?? null,
  };
}

function unauthorized(detail: string): Problem {
  return new Problem(401, 'UNAUTHORIZED', detail, {
    headers: { 'www-authenticate': 'Bearer realm="prorata"' },
  });
}

/** The issuer's keys from the file, read again when a token names a key that is not there: keys rotate. */
function rereadKeys(file: string): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | null = null;
  let readAtMs = -Infinity;
  const read = async (): Promise<JWTVerifyGetKey> => {
    readAtMs = performance.now();
    keys = createLocalJWKSet(JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet);
    return keys;
  };
  return async (header, token) => {
    const known = keys ?? (await read());
    try {
      return await known(header, token);
    } catch (error) {
      const stale = performance.now() - readAtMs > KEYS_REREAD_MS;
      if (!(error instanceof errors.JWKSNoMatchingKey) || !stale) throw error;
      return (await read())(header, token);
    }
  };
}
