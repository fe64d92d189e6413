import { createHash } from 'node:crypto';

/** The name space of ids that control loops derive; any UUID would do, but never another again. */
const NAME_SPACE = Buffer.from('4d0f0b5e8f7c4c1c9a55d1d3b1f2a6c7', 'hex');

/**
 * The same parts give the same UUID, so that a crash, a retry or a second instance posts the command
 * that is already there. Name-based by SHA-1, RFC 9562 §5.5 (version 5).
 */
export function derivedId(...parts: readonly (string | number | bigint)[]): string {
  const name = JSON.stringify(parts.map(String));
  const hash = createHash('sha1').update(NAME_SPACE).update(name).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
