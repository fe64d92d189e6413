import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenVerifier } from './tokenVerifier.ts';
import type { Principal } from './principal.ts';
import { roles } from './roles.ts';
import { Problem } from '../problem.ts';

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
  readonly subject?: string;
  readonly claims?: Record<string, unknown>;
}

function mint(variant: Variant = {}): Promise<string> {
  return new SignJWT({ kind: 'user', roles: ['operator'], ...variant.claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: variant.kid ?? 'k1' })
    .setIssuer(variant.issuer ?? issuer)
    .setAudience(variant.audience ?? 'prorata')
    .setSubject(variant.subject ?? 'u-1')
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
      grants: [],
      groups: [],
      application: 'moka',
      endsAtMs: expect.any(Number) as number,
    });
  });

  it.each<[string, () => Promise<string> | string]>([
    ['another issuer', () => mint({ issuer: 'https://other' })],
    ['another audience', () => mint({ audience: 'elsewhere' })],
    ['a stranger signature', () => mint({ key: stranger })],
    ['an unknown key', () => mint({ kid: 'k2' })],
    ['an end in the past', () => mint({ expires: '-5m' })],
    ['an unknown kind', () => mint({ claims: { kind: 'demon' } })],
    ['the role robot alone', () => mint({ claims: { kind: 'service', roles: ['robot'] } })],
    ['the role robot of a person', () => mint({ claims: { roles: ['robot', 'operator'] } })],
    ['the kind robot alone', () => mint({ claims: { kind: 'robot', roles: ['operator'] } })],
    ['no subject', () => mint({ subject: '' })],
    ['a subject of 257 characters', () => mint({ subject: 'u'.repeat(257) })],
    ['an application of 257', () => mint({ claims: { application: 'a'.repeat(257) } })],
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

describe('a refused token', () => {
  it.each<[string, () => Promise<string> | string]>([
    ['The token has expired: fetch a new one.', () => mint({ expires: '-5m' })],
    ['The claim aud of the token is not what is accepted here.', () => mint({ audience: 'x' })],
    [
      'The signature of the token is of no key that its issuer has here.',
      () => mint({ key: stranger }),
    ],
    [
      'The signature of the token is of no key that its issuer has here.',
      () => mint({ kid: 'k2' }),
    ],
    ['The token is of an issuer that is not known.', () => mint({ issuer: 'https://other' })],
    ['This is no token: a JWT, signed, in three parts.', () => 'garbage'],
  ])('is answered: %s', async (detail, token) => {
    expect(await refusal(token())).toMatchObject({ detail });
  });
});

describe('the kind of a token', () => {
  it.each([
    ['robot', ['robot']],
    ['user', ['operator']],
    // A person who tries things with every role may do all, robot or not.
    ['user', roles],
  ])('%s goes with %j', async (kind, held) => {
    const principal = await verify(await mint({ claims: { kind, roles: held } }));
    expect(principal).toMatchObject({ actor: { kind }, roles: held });
  });

  it('and its subject fit when they are just short enough', async () => {
    const subject = 'u'.repeat(256);
    expect((await verify(await mint({ subject }))).actor.subject).toBe(subject);
  });

  it('do not when the issuer is too long', async () => {
    const long = `https://${'i'.repeat(250)}`;
    const token = await mint({ issuer: long });
    const refused = tokenVerifier({ tokens: { issuer: long, jwksFile } })(token);
    await expect(refused).rejects.toMatchObject({ status: 401 });
  });
});

describe('the keys', () => {
  it('that are revoked are believed for a minute, and through a file that is half written', async () => {
    const file = path.join(directory, 'revoked.json');
    const original = await readFile(jwksFile, 'utf8');
    await writeFile(file, original);
    const faults: Error[] = [];
    let nowMs = 0;
    const check = tokenVerifier(
      { tokens: { issuer, jwksFile: file } },
      { now: () => nowMs, onFault: (error) => faults.push(error) },
    );
    const token = await mint();
    await check(token);
    await writeFile(file, '{ "keys": [');
    nowMs += 61_000;
    await check(token);
    expect(faults).toHaveLength(1);
    await writeFile(file, '{ "keys": [] }');
    // What failed is tried again after ten seconds.
    nowMs += 9_000;
    await check(token);
    nowMs += 2_000;
    await expect(check(token)).rejects.toMatchObject({ status: 401 });
    await writeFile(file, original);
    nowMs += 11_000;
    await check(token);
  });
});
