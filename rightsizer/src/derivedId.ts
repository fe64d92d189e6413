import { createHash } from 'node:crypto';
import { uuidFromHash } from '@prorata/service-runtime';

/** The name space of ids that control loops derive; any UUID would do, but never another again. */
const NAME_SPACE = Buffer.from('4d0f0b5e8f7c4c1c9a55d1d3b1f2a6c7', 'hex');

/**
 * The same parts give the same UUID, so that a crash, a retry or a second instance posts the command
 * that is already there. Name-based by SHA-1, RFC 9562 §5.5 (version 5).
 */
export function derivedId(...parts: readonly (string | number | bigint)[]): string {
  const name = JSON.stringify(parts.map(String));
  return uuidFromHash(createHash('sha1').update(NAME_SPACE).update(name).digest(), 5);
}
