/**
 * A UUID (RFC 9562) of the first 128 bits of a hash, with the bits of its version and variant set:
 * the same hash is the same id, wherever and however often it is derived.
 * @param version 5: name-based by SHA-1 (§5.5); 8: of the application's own making (§5.8)
 */
export function uuidFromHash(hash: Buffer, version: 5 | 8): string {
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
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
