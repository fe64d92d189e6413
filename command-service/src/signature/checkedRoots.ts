import type { KeyObject } from 'node:crypto';
import type { CheckBytes } from './checkBytes.ts';

/** Roots remembered under one key: those of the batches that are being read, some 200 bytes each. */
const ROOTS_MAX = 1_000;

/** Of an Ed25519 signature; what has another length is none, and is not kept either. */
const SIGNATURE_BYTES = 64;

/** Kept with the key: one that is read anew, after it may have been revoked, begins with nothing. */
const checkedUnder = new WeakMap<KeyObject, Map<string, boolean | Promise<boolean>>>();

/** Checks a signature over a root once, however many records lead to it. */
export function checkRoot(
  bytes: Buffer,
  key: KeyObject,
  signature: Buffer,
  check: CheckBytes,
): boolean | Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  let checked = checkedUnder.get(key);
  if (checked === undefined) {
    checked = new Map();
    checkedUnder.set(key, checked);
  }
  const name = `${bytes.toString('latin1')}${signature.toString('latin1')}`;
  const known = checked.get(name);
  if (known !== undefined) return known;
  const result = check(bytes, key, signature);
  const oldest = checked.size < ROOTS_MAX ? undefined : checked.keys().next().value;
  if (oldest !== undefined) checked.delete(oldest);
  checked.set(name, result);
  return result;
}
