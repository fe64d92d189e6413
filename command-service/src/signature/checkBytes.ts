import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Whether the signature is that of the bytes under the key. */
export type CheckBytes = (
  bytes: Buffer,
  key: KeyObject,
  signature: Buffer,
) => boolean | Promise<boolean>;

/** In libuv's threads: a batch of commands is checked on all cores. */
export const checkInThreads: CheckBytes = (bytes, key, signature) =>
  new Promise((resolve, reject) => {
    verify(null, bytes, key, signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });

/** At once, in the caller's thread: the same every time, as a simulation needs it. */
export const checkAtOnce: CheckBytes = (bytes, key, signature) =>
  verify(null, bytes, key, signature);
