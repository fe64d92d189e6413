import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { leafOf, LEAVES_MAX, treeOf } from './hashTree.ts';
import { SIGNATURE_PATH_HEADER, signatureHeaders, signedBytes, signedRoot } from './signedBytes.ts';
import type { SignedPlace } from './signedBytes.ts';

/** The headers that vouch for a record. */
export type SignatureHeaders = Readonly<Record<string, Buffer | string>>;
export type SignCommand = (place: SignedPlace) => SignatureHeaders | Promise<SignatureHeaders>;

/**
 * Signs each record by itself, at once.
 * @param privateKey Ed25519, PKCS8 PEM
 * @throws TypeError when the key is of another kind
 */
export function commandSigner(
  keyId: string,
  privateKey: string,
): (place: SignedPlace) => SignatureHeaders {
  const key = signingKey(privateKey);
  return (place) => signedAlone(keyId, key, place);
}

interface Waiting {
  readonly place: SignedPlace;
  readonly resolve: (headers: SignatureHeaders) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Signs what one turn of the event loop brings with one signature over all: signing and checking
 * cost more than anything else that is done for a command, and under load a turn brings many. Each
 * record still proves itself, by its path to the root that was signed.
 * @param privateKey Ed25519, PKCS8 PEM
 * @param endOfTurn calls back when the turn is over
 * @throws TypeError when the key is of another kind
 */
export function turnSigner(
  keyId: string,
  privateKey: string,
  endOfTurn: (callback: () => void) => unknown = setImmediate,
): (place: SignedPlace) => Promise<SignatureHeaders> {
  const key = signingKey(privateKey);
  let waiting: Waiting[] = [];
  const flush = (): void => {
    const signing = waiting;
    waiting = [];
    try {
      const headers = signedTogether(
        keyId,
        key,
        signing.map(({ place }) => place),
      );
      for (const [index, { resolve }] of signing.entries()) resolve(headers[index] ?? {});
    } catch (error) {
      for (const { reject } of signing) reject(error);
    }
  };
  return (place) =>
    new Promise((resolve, reject) => {
      waiting.push({ place, resolve, reject });
      if (waiting.length === 1) endOfTurn(() => (waiting.length > 0 ? flush() : undefined));
      else if (waiting.length === LEAVES_MAX) flush();
    });
}

function signedAlone(keyId: string, key: KeyObject, place: SignedPlace): SignatureHeaders {
  return {
    [signatureHeaders.keyId]: keyId,
    [signatureHeaders.signedAt]: place.signedAt.toString(),
    [signatureHeaders.signature]: sign(null, signedBytes(place), key),
  };
}

function signedTogether(
  keyId: string,
  key: KeyObject,
  places: readonly SignedPlace[],
): readonly SignatureHeaders[] {
  const [only, ...others] = places;
  if (only !== undefined && others.length === 0) return [signedAlone(keyId, key, only)];
  const { root, paths } = treeOf(places.map((place) => leafOf(signedBytes(place))));
  const signature = sign(null, signedRoot(root), key);
  return places.map(({ signedAt }, index) => ({
    [signatureHeaders.keyId]: keyId,
    [signatureHeaders.signedAt]: signedAt.toString(),
    [signatureHeaders.signature]: signature,
    [SIGNATURE_PATH_HEADER]: paths[index] ?? Buffer.alloc(0),
  }));
}

function signingKey(privateKey: string): KeyObject {
  const key = createPrivateKey(privateKey);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('The signing key must be an Ed25519 key.');
  }
  return key;
}
