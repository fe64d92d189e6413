import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The public key of an id; null: nobody we know. */
export type PublicKeyOf = (keyId: string) => Promise<KeyObject | null>;

/** A stream of records that name unknown keys must not become a stream of file reads, milliseconds. */
const REREAD_MS = 10_000;

/** @param json `{ "<key id>": "<SPKI PEM>" }`. @throws TypeError when a key is not Ed25519. */
export function parsePublicKeys(json: string): ReadonlyMap<string, KeyObject> {
  return new Map(
    Object.entries(JSON.parse(json) as Record<string, string>).map(([keyId, pem]) => {
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`Key ${keyId} is not Ed25519.`);
      return [keyId, key];
    }),
  );
}

/** The keys of a file, read again when a record names one that is not there: keys rotate. */
export async function publicKeysFrom(file: string): Promise<PublicKeyOf> {
  let keys = parsePublicKeys(await readFile(file, 'utf8'));
  let readAtMs = performance.now();
  return async (keyId) => {
    if (!keys.has(keyId) && performance.now() - readAtMs > REREAD_MS) {
      readAtMs = performance.now();
      keys = parsePublicKeys(await readFile(file, 'utf8'));
    }
    return keys.get(keyId) ?? null;
  };
}
