import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Request } from 'express';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireRole, roles, tokenVerifier } from './authenticate.ts';
import type { Principal, Role } from './authenticate.ts';
import { Problem } from './problem.ts';

const issuer = 'https://issuer.test';
let directory: string;
let jwksFile: string;
let privateKey: CryptoKey;
let stranger: CryptoKey;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-tokens-'));
  jwksFile = path.join(directory, 'jwks.json');
  const ours = await generateKeyPair('EdDSA', { extractable: true });
  privateKey = ours.privateKey;
  stranger = (await generateKeyPair('EdDSA')).privateKey;
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'EdDSA' };
  await writeFile(jwksFile, JSON.stringify({ keys: [jwk] }));
});
afterAll(() => rm(directory, { recursive: true }));

interface Variant {
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: string;
  readonly key?: CryptoKey;
  readonly kid?: string;
  readonly claims?: Record<string, unknown>;
}

function mint(variant: Variant = {}): Promise<string> {
  return new SignJWT({ kind: 'user', roles: ['operator'], ...variant.claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: variant.kid ?? 'k1' })
    .setIssuer(variant.issuer ?? issuer)
    .setAudience(variant.audience ?? 'prorata')
    .setSubject('u-1')
    .setExpirationTime(variant.expires ?? '5m')
    .sign(variant.key ?? privateKey);
}

const verify = (token: string): Promise<Principal> =>
  tokenVerifier({ tokens: { issuer, jwksFile } })(token);

async function refusal(token: Promise<string> | string): Promise<Problem> {
  try {
    await verify(await token);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('The token was taken.');
}

describe('a token', () => {
  it('becomes a principal', async () => {
    const principal = await verify(await mint({ claims: { application: 'moka' } }));
    expect(principal).toEqual({
      actor: { kind: 'user', issuer, subject: 'u-1' },
      roles: ['operator'],
      application: 'moka',
    });
  });

  it.each<[string, () => Promise<string> | string]>([
    ['another issuer', () => mint({ issuer: 'https://other' })],
    ['another audience', () => mint({ audience: 'elsewhere' })],
    ['a stranger signature', () => mint({ key: stranger })],
    ['an unknown key', () => mint({ kid: 'k2' })],
    ['an end in the past', () => mint({ expires: '-5m' })],
    ['an unknown kind', () => mint({ claims: { kind: 'demon' } })],
    ['roles that are no list', () => mint({ claims: { roles: 'admin' } })],
    [
      'no signature',
      () =>
        new UnsecuredJWT({ kind: 'user', roles: ['admin'], sub: 'u-1' })
          .setIssuer(issuer)
          .setAudience('prorata')
          .setExpirationTime('5m')
          .encode(),
    ],
    [
      'a symmetric algorithm',
      () =>
        new SignJWT({ kind: 'user', roles: ['admin'] })
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .setIssuer(issuer)
          .setAudience('prorata')
          .setSubject('u-1')
          .setExpirationTime('5m')
          .sign(new TextEncoder().encode('the public key as a secret, 32 bytes')),
    ],
    [
      'no end',
      () =>
        new SignJWT({ kind: 'user', roles: [] })
          .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
          .setIssuer(issuer)
          .setAudience('prorata')
          .setSubject('u-1')
          .sign(privateKey),
    ],
    ['no form at all', () => 'garbage'],
  ])('with %s is refused', async (_what, token) => {
    expect(await refusal(token())).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });
});

describe('roles', () => {
  function passes(held: readonly string[], ...allowed: Role[]): boolean {
    const request = { principal: { actor: {}, roles: held, application: null } };
    let passed = false;
    try {
      void requireRole(...allowed)(request as unknown as Request, {} as never, () => {
        passed = true;
      });
    } catch (error) {
      expect(error).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    }
    return passed;
  }

  it('open what they are named for, and an admin opens all', () => {
    for (const role of roles) {
      for (const needed of roles) {
        expect(passes([role], needed)).toBe(role === needed || role === 'admin');
      }
    }
    expect(passes([], 'host')).toBe(false);
  });

  it('are a fault where no token was asked for', () => {
    expect(
      () => void requireRole('host')({} as unknown as Request, {} as never, () => undefined),
    ).toThrow(TypeError);
  });
});
