import { createHash } from 'node:crypto';

/**
 * The id of the event at a stream's version: a UUID of version 8 (RFC 9562, 5.8) from the first
 * bits of SHA-256 over both, so that a second decision of the same event would have the same id.
 */
export function eventIdOf(stream: string, streamVersion: bigint): string {
  const bytes = createHash('sha256').update(`${stream}\0${streamVersion}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
