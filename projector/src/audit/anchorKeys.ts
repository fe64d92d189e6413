import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Whether anchors are signed by whom they say. */
export class AnchorKeys {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @param json `{ "<key id>": "<SPKI PEM>" }`. @throws TypeError when a key is not Ed25519 */
  constructor(json: string) {
    this.#keys = new Map(
      Object.entries(JSON.parse(json) as Record<string, string>).map(([keyId, pem]) => {
        const key = createPublicKey(pem);
        if (key.asymmetricKeyType !== 'ed25519')
          throw new TypeError(`Key ${keyId} is not Ed25519.`);
        return [keyId, key];
      }),
    );
  }

  static async from(file: string): Promise<AnchorKeys> {
    return new AnchorKeys(await readFile(file, 'utf8'));
  }

  /** What is wrong with a signature; null: it holds. */
  problemOf(keyId: string, bytes: Buffer, signature: Uint8Array): string | null {
    const key = this.#keys.get(keyId);
    if (key === undefined) return `it names a key that is not among the public keys: ${keyId}`;
    return verify(null, bytes, key, signature) ? null : `its signature is not that of key ${keyId}`;
  }
}
