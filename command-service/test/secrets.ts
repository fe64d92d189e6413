import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export const tokenIssuer = 'https://issuer.test';

export interface TokenClaims {
  readonly sub?: string;
  readonly kind?: string;
  readonly roles?: readonly string[];
  readonly application?: string;
}

export interface TestSecrets {
  readonly directory: string;
  readonly jwksFile: string;
  readonly keyFile: string;
  readonly keyId: string;
  readonly publicKeysFile: string;
  token(claims?: TokenClaims): string;
  remove(): Promise<void>;
}

/** A signing key of a gateway and a token issuer, in files of their own. */
export async function makeSecrets(): Promise<TestSecrets> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-command-service-'));
  const gateway = generateKeyPairSync('ed25519');
  const issuer = generateKeyPairSync('ed25519');
  const files = {
    jwksFile: path.join(directory, 'jwks.json'),
    keyFile: path.join(directory, 'gateway.pem'),
    publicKeysFile: path.join(directory, 'gateways.json'),
  };
  const jwk = { ...issuer.publicKey.export({ format: 'jwk' }), kid: 'issuer-1', alg: 'EdDSA' };
  await writeFile(files.jwksFile, JSON.stringify({ keys: [jwk] }));
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  await writeFile(files.keyFile, gateway.privateKey.export(pem), { mode: 0o600 });
  const publicPem = gateway.publicKey.export({ type: 'spki', format: 'pem' });
  await writeFile(files.publicKeysFile, JSON.stringify({ 'gateway-1': publicPem }));
  return {
    directory,
    ...files,
    keyId: 'gateway-1',
    token(claims = {}) {
      const encode = (part: object): string =>
        Buffer.from(JSON.stringify(part)).toString('base64url');
      const payload = {
        iss: tokenIssuer,
        aud: 'prorata',
        exp: Math.floor(Date.now() / 1000) + 3_600,
        sub: 'tester',
        kind: 'user',
        roles: ['admin', 'operator'],
        ...claims,
      };
      const signed = `${encode({ alg: 'EdDSA', kid: 'issuer-1' })}.${encode(payload)}`;
      return `${signed}.${sign(null, Buffer.from(signed), issuer.privateKey).toString('base64url')}`;
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
