/**
 * Names of resource groups. TiDB takes 32 bytes, keeps one flat list for a whole cluster and compares without
 * case, so that a quota's path seldom fits as it is.
 */
import { createHash } from 'node:crypto';

/** Longer names are refused by TiDB's own check (`MaxGroupNameLength`), bytes. */
export const GROUP_NAME_BYTES_MAX = 32;
/** 50 bits: of the most groups that one target takes, two are alike once in some 500 million applications. */
const HASH_CHARACTERS = 10;
const HASH_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS_A_CHARACTER = 5n;

/**
 * A quota's group: its path below the application, `/` as two underscores and `-` as one, where that fits and
 * can be read back; else the beginning of its last segment, `$` and a hash of the whole id. Segments hold neither
 * `_` nor `$`, so that two readable names are never alike, nor a readable and a hashed one. A name depends on
 * nothing but prefix and id: it stays whatever else comes and goes.
 */
export function groupNameOf(prefix: string, quotaId: string): string {
  const path = quotaId.slice(quotaId.indexOf('/') + 1);
  const readable = path.replaceAll('-', '_').replaceAll('/', '__');
  const canBeReadBack = !path.includes('--');
  if (canBeReadBack && prefix.length + readable.length <= GROUP_NAME_BYTES_MAX) {
    return prefix + readable;
  }
  const room = GROUP_NAME_BYTES_MAX - prefix.length - HASH_CHARACTERS - 1;
  const last = path.slice(path.lastIndexOf('/') + 1).replaceAll('-', '_');
  return `${prefix}${last.slice(0, room)}$${hashOf(quotaId)}`;
}

function hashOf(text: string): string {
  let bits = createHash('sha256').update(text).digest().readBigUInt64BE();
  let characters = '';
  for (let count = 0; count < HASH_CHARACTERS; count++) {
    characters += HASH_ALPHABET.charAt(Number(bits % (1n << BITS_A_CHARACTER)));
    bits >>= BITS_A_CHARACTER;
  }
  return characters;
}
