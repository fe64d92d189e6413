import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { apiKeysText } from '@prorata/service-runtime';
import { provideTokenIssuer } from './mintToken.ts';
import { providePasswords, randomPassword } from './principals.ts';
import type { Passwords } from './principals.ts';
import { provideSecret } from './provideSecret.ts';

/** What the local stack must keep from others. Made once; the files are for their owner alone. */
export interface StackSecrets {
  readonly directory: string;
  readonly passwords: Passwords;
  readonly databasePassword: string;
  /** Of the rightsizer's login. */
  readonly usagePassword: string;
  /** Of the login that the projector answers queries by. */
  readonly queryPassword: string;
  /** The gateway's Ed25519 key, PKCS8 PEM, with which it signs what it lets in. */
  readonly signingKeyFile: string;
  readonly signingKeyId: string;
  /** JSON of key ids and SPKI PEMs, for the writer. */
  readonly signingPublicKeysFile: string;
  /** The writer's Ed25519 key, PKCS8 PEM, with which it signs anchors. */
  readonly anchorKeyFile: string;
  readonly anchorKeyId: string;
  /** JSON of key ids and SPKI PEMs, for auditors. */
  readonly anchorPublicKeysFile: string;
  /** The public keys of the stack's own token issuer. */
  readonly jwksFile: string;
  /** Hashes of the API keys that `prorata keys` has made. */
  readonly apiKeysFile: string;
  /** The rightsizer's own token. */
  readonly rightsizerTokenFile: string;
  /** The relay's, which moves rollouts on. */
  readonly relayTokenFile: string;
  readonly gatewayTokenFile: string;
}

const signingKeyId = 'local-1';
const anchorKeyId = 'local-anchors-1';

/** `<name>-key.pem` and `<name>-public-keys.json`. */
async function provideKeyPair(directory: string, name: string, keyId: string): Promise<void> {
  const privatePem = await provideSecret(path.join(directory, `${name}-key.pem`), () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  const publicPem = createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString();
  const keys = JSON.stringify({ [keyId]: publicPem }, null, 2);
  await writeFile(path.join(directory, `${name}-public-keys.json`), keys, { mode: 0o600 });
}

export async function provideSecrets(directory: string): Promise<StackSecrets> {
  const [passwords, databasePassword, usagePassword, queryPassword] = await Promise.all([
    providePasswords(directory),
    provideSecret(path.join(directory, 'postgres.password'), randomPassword),
    provideSecret(path.join(directory, 'postgres-rightsizer.password'), randomPassword),
    provideSecret(path.join(directory, 'postgres-queries.password'), randomPassword),
    provideKeyPair(directory, 'signing', signingKeyId),
    provideKeyPair(directory, 'anchor', anchorKeyId),
    provideTokenIssuer(directory),
    provideSecret(path.join(directory, 'api-keys.json'), () => apiKeysText([])),
  ]);
  return {
    directory,
    passwords,
    databasePassword,
    usagePassword,
    queryPassword,
    signingKeyFile: path.join(directory, 'signing-key.pem'),
    signingKeyId,
    signingPublicKeysFile: path.join(directory, 'signing-public-keys.json'),
    anchorKeyFile: path.join(directory, 'anchor-key.pem'),
    anchorKeyId,
    anchorPublicKeysFile: path.join(directory, 'anchor-public-keys.json'),
    jwksFile: path.join(directory, 'jwks.json'),
    apiKeysFile: path.join(directory, 'api-keys.json'),
    rightsizerTokenFile: path.join(directory, 'rightsizer.token'),
    relayTokenFile: path.join(directory, 'relay.token'),
    gatewayTokenFile: path.join(directory, 'gateway.token'),
  };
}
