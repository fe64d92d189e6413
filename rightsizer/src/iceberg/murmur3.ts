const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3, x86, 32 bits, seed 0, as a signed number: what Iceberg's bucket transform stands on
 * (the table specification, appendix B). By Austin Appleby's reference, which is in the public domain.
 */
export function murmur3(bytes: Uint8Array): number {
  let hash = 0;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    hash ^= scramble(byte(bytes, at, 4));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (whole < bytes.length) hash ^= scramble(byte(bytes, whole, bytes.length - whole));
  return finish(hash ^ bytes.length);
}

/** Little endian. */
function byte(bytes: Uint8Array, at: number, length: number): number {
  let block = 0;
  for (let index = length - 1; index >= 0; index -= 1)
    block = (block << 8) | (bytes[at + index] ?? 0);
  return block;
}

function scramble(block: number): number {
  const product = Math.imul(block, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}
