import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestIssuer {
  readonly tokens: { readonly issuer: string; readonly jwksFile: string };
  token(roles: readonly string[], application?: string): string;
  remove(): Promise<void>;
}

const encode = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');

/** An issuer of tokens with a key of its own. */
export async function testIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const directory = await mkdtemp(join(tmpdir(), 'prorata-issuer-'));
  const jwksFile = join(directory, 'jwks.json');
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA', use: 'sig' };
  await writeFile(jwksFile, JSON.stringify({ keys: [key] }));
  const issuer = 'https://test.prorata';
  return {
    tokens: { issuer, jwksFile },
    token(roles, application) {
      const now = Math.floor(Date.now() / 1000);
      const kind = roles.includes('robot') ? 'robot' : 'service';
      const claims = {
        ...{ iss: issuer, aud: 'prorata', sub: 'h1', kind, roles },
        ...{ iat: now, exp: now + 600 },
        ...(application === undefined ? {} : { application }),
      };
      const signed = `${encode({ alg: 'EdDSA', kid: 'k1' })}.${encode(claims)}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    },
    remove: () => rm(directory, { recursive: true }),
  };
}
