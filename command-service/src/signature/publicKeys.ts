import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The public key of an id; null: nobody we know. */
export type PublicKeyOf = (keyId: string) => Promise<KeyObject | null>;

/** A stream of records that name unknown keys must not become a stream of file reads, milliseconds. */
const UNKNOWN_REREAD_MS = 10_000;
/** How long a key that was taken out of the file is still believed, milliseconds. */
const AGE_MAX_MS = 60_000;

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

export interface PublicKeys {
  readonly of: PublicKeyOf;
  /**
   * Whether the file could not be read when it was last tried: what was revoked since holds. Why is for `onFault`
   * alone, since a message may quote the file.
   */
  readonly areStale: () => boolean;
}

export interface PublicKeysOptions {
  /** Told when the file cannot be read or understood again: the keys known before hold until it can. */
  readonly onFault?: (error: unknown) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
  readonly unknownRereadMs?: number;
}

/**
 * The keys of a file, read again when they are a minute old, since keys are revoked, and sooner when
 * a record names one that is not there, since keys rotate.
 * @throws what is wrong with the file, at the first reading alone
 */
export async function publicKeysFrom(
  file: string,
  options: PublicKeysOptions = {},
): Promise<PublicKeys> {
  const { onFault = () => undefined, now = () => performance.now() } = options;
  const { unknownRereadMs = UNKNOWN_REREAD_MS } = options;
  let keys = parsePublicKeys(await readFile(file, 'utf8'));
  let readAtMs = now();
  let areStale = false;
  const of: PublicKeyOf = async (keyId) => {
    if (now() - readAtMs > (keys.has(keyId) ? AGE_MAX_MS : unknownRereadMs)) {
      readAtMs = now();
      try {
        keys = parsePublicKeys(await readFile(file, 'utf8'));
        areStale = false;
      } catch (error) {
        // A file that is half written must not stop every partition.
        areStale = true;
        onFault(error);
      }
    }
    return keys.get(keyId) ?? null;
  };
  return { of, areStale: () => areStale };
}
