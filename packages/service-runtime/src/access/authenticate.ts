import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import { principalOf, unauthorized } from './principal.ts';
import type { Claims, Principal } from './principal.ts';

export interface TokenSettings {
  readonly tokens: { readonly issuer: string; readonly jwksFile: string };
}

const AUDIENCE = 'prorata';
/** Clocks of two machines differ by less, seconds. */
const CLOCK_TOLERANCE_S = 10;
/** A flood of tokens with unknown key ids must not become a flood of file reads, milliseconds. */
const UNKNOWN_KEY_REREAD_MS = 10_000;
/** How long a key that was taken out of the file is still believed, milliseconds. */
const KEYS_AGE_MAX_MS = 60_000;
/** Tokens longer than this are not looked at. */
const TOKEN_LENGTH_MAX = 8_192;

export type VerifyToken = (token: string) => Promise<Principal>;

export interface VerifierOptions {
  /** Told when the keys cannot be read again; those known before hold until they can. Default: a warning of the process. */
  readonly onFault?: (error: Error) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
}

/** @returns a function that throws Problem 401 for whatever is wrong with a token */
export function tokenVerifier(
  { tokens }: TokenSettings,
  options: VerifierOptions = {},
): VerifyToken {
  const keys = rereadKeys(tokens.jwksFile, options);
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
      return principalOf(claimsOf(payload, tokens.issuer));
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw unauthorized(`The token is refused: ${error.code}.`);
      throw error;
    }
  };
}

/** @throws Problem 401 when the headers bring no bearer token */
export function credentialsIn({ authorization = '' }: IncomingHttpHeaders): string {
  const match = /^Bearer +(\S+)$/i.exec(authorization);
  if (match?.[1] === undefined) throw unauthorized('A bearer token is needed.');
  return match[1];
}

function claimsOf(payload: JWTPayload, issuer: string): Claims {
  const { sub, exp = 0, kind, roles, grants, groups, application } = payload;
  return { issuer, subject: sub, kind, roles, grants, groups, application, endsAtMs: exp * 1_000 };
}

/**
 * The issuer's keys from the file, read again when they are a minute old, since keys are revoked, and
 * sooner when a token names one that is not there, since keys rotate.
 */
function rereadKeys(
  file: string,
  { onFault = warn, now = () => performance.now() }: VerifierOptions,
): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | null = null;
  let readAtMs = -Infinity;
  const read = async (): Promise<JWTVerifyGetKey> => {
    readAtMs = now();
    try {
      keys = createLocalJWKSet(JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet);
    } catch (error) {
      if (keys === null) throw error;
      onFault(new Error(`The keys of ${file} cannot be read again.`, { cause: error }));
    }
    return keys;
  };
  return async (header, token) => {
    const isOld = now() - readAtMs > KEYS_AGE_MAX_MS;
    const known = keys === null || isOld ? await read() : keys;
    try {
      return await known(header, token);
    } catch (error) {
      const stale = now() - readAtMs > UNKNOWN_KEY_REREAD_MS;
      if (!(error instanceof errors.JWKSNoMatchingKey) || !stale) throw error;
      return (await read())(header, token);
    }
  };
}

function warn(error: Error): void {
  process.emitWarning(error);
}
