import { createPrivateKey, sign } from 'node:crypto';
import { signatureHeaders, signedBytes } from './signedBytes.ts';
import type { SignedPlace } from './signedBytes.ts';

export type SignCommand = (place: SignedPlace) => Readonly<Record<string, Buffer | string>>;

/**
 * @param privateKey Ed25519, PKCS8 PEM
 * @returns the headers that vouch for a record
 * @throws TypeError when the key is of another kind
 */
export function commandSigner(keyId: string, privateKey: string): SignCommand {
  const key = createPrivateKey(privateKey);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('The signing key must be an Ed25519 key.');
  }
  return (place) => ({
    [signatureHeaders.keyId]: keyId,
    [signatureHeaders.signedAt]: place.signedAt.toString(),
    [signatureHeaders.signature]: sign(null, signedBytes(place), key),
  });
}
