const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSERS: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Whether lists and objects stand inside each other deeper than `most`, told from the bytes alone:
 * what parses, checks or prints JSON calls itself for each level, so it has to be known before.
 * The bytes are UTF-8, in which no other character contains these.
 */
export function isDeeperThan(json: Uint8Array, most: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (OPENERS.has(byte)) {
      if (++depth > most) return true;
    } else if (CLOSERS.has(byte)) depth--;
  }
  return false;
}
