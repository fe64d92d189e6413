import type { KeyObject } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import type { CheckBytes } from './checkBytes.ts';
import { checkRoot } from './checkedRoots.ts';
import { leafOf, rootFrom } from './hashTree.ts';
import type { PublicKeyOf } from './publicKeys.ts';
import { SIGNATURE_PATH_HEADER, signatureHeaders, signedBytes, signedRoot } from './signedBytes.ts';

export type SignatureCheck =
  | { readonly ok: true; readonly signedAt: bigint }
  | {
      readonly ok: false;
      readonly code: 'COMMAND_UNSIGNED' | 'COMMAND_SIGNATURE_INVALID';
      readonly message: string;
    };

const DIGITS = /^\d{1,18}$/;

/** Whether a gateway whose key we know let this very record in. Says nothing about its age. */
export async function verifySignature(
  record: LogRecord,
  publicKeyOf: PublicKeyOf,
  check: CheckBytes,
): Promise<SignatureCheck> {
  const keyId = record.headers.get(signatureHeaders.keyId)?.toString();
  const signedAt = record.headers.get(signatureHeaders.signedAt)?.toString();
  const signature = record.headers.get(signatureHeaders.signature);
  if (keyId === undefined || signedAt === undefined || signature === undefined) {
    return { ok: false, code: 'COMMAND_UNSIGNED', message: 'No gateway has signed the command.' };
  }
  const key = await publicKeyOf(keyId);
  if (key === null) return invalid('It names a key that is not among the public keys.');
  if (!DIGITS.test(signedAt) || record.key === null || record.value === null) {
    return invalid('Its headers, key or value have no readable form.');
  }
  const place = {
    topic: record.topic,
    key: record.key,
    value: record.value,
    signedAt: BigInt(signedAt),
  };
  const path = record.headers.get(SIGNATURE_PATH_HEADER);
  const valid = await isSigned(signedBytes(place), path, key, signature, check);
  if (!valid) return invalid('The signature is not that of these bytes under this key.');
  return { ok: true, signedAt: place.signedAt };
}

/** By itself, or, with a path, as one of several under a root. */
function isSigned(
  bytes: Buffer,
  path: Buffer | undefined,
  key: KeyObject,
  signature: Buffer,
  check: CheckBytes,
): boolean | Promise<boolean> {
  if (path === undefined) return check(bytes, key, signature);
  const root = rootFrom(leafOf(bytes), path);
  return root !== null && checkRoot(signedRoot(root), key, signature, check);
}

function invalid(message: string): SignatureCheck {
  return { ok: false, code: 'COMMAND_SIGNATURE_INVALID', message };
}
