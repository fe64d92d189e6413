import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { JWK } from 'jose';
import type { Role } from '@prorata/service-runtime';
import { provideSecret } from './provideSecret.ts';

/** The issuer that every local stack is for itself. Its tokens are worth nothing elsewhere. */
export const tokenIssuer = 'https://local.prorata';
const audience = 'prorata';
const algorithm = 'EdDSA';
/** A working day: a token that a person copied into a shell should not live on in it. */
const lifetimeSeconds = 12 * 3600;

export interface TokenClaims {
  readonly subject: string;
  readonly kind: 'user' | 'service' | 'robot';
  readonly roles: readonly Role[];
  /** Roles that hold in a part alone, as `role@scope`: `operator@moka/prod`. */
  readonly grants?: readonly string[];
  /** Groups of the identity provider, as owners of quotas name them. */
  readonly groups?: readonly string[];
  /** Binds the token to one application. */
  readonly application?: string;
  /** 12 hours by default. */
  readonly lifetimeSeconds?: number;
}

async function makeKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const key = await exportJWK(privateKey);
  return JSON.stringify({ ...key, alg: algorithm, kid: await calculateJwkThumbprint(key) });
}

async function issuerKey(secretsDirectory: string): Promise<JWK> {
  const file = path.join(secretsDirectory, 'token-issuer.jwk.json');
  return JSON.parse(await provideSecret(file, makeKey)) as JWK;
}

/** Makes the issuer's key once, and the file of its public keys beside it. */
export async function provideTokenIssuer(secretsDirectory: string): Promise<void> {
  const { kty, crv, x, kid, alg } = await issuerKey(secretsDirectory);
  const jwks = JSON.stringify({ keys: [{ kty, crv, x, kid, alg, use: 'sig' }] }, null, 2);
  await writeFile(path.join(secretsDirectory, 'jwks.json'), jwks, { mode: 0o600 });
}

/** A bearer token of the local stack whose secrets are in the folder. */
export async function mintToken(secretsDirectory: string, claims: TokenClaims): Promise<string> {
  const key = await issuerKey(secretsDirectory);
  const { kind, roles, grants = [], groups = [], application } = claims;
  const now = Math.floor(Date.now() / 1000);
  const bound = application === undefined ? {} : { application };
  return new SignJWT({ kind, roles, grants, groups, ...bound })
    .setProtectedHeader({ alg: algorithm, kid: key.kid ?? '' })
    .setIssuer(tokenIssuer)
    .setAudience(audience)
    .setSubject(claims.subject)
    .setIssuedAt(now)
    .setExpirationTime(now + (claims.lifetimeSeconds ?? lifetimeSeconds))
    .sign(await importJWK(key, algorithm));
}
