const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OBJECT = 0x7b;
const LIST = 0x5b;
const CLOSERS: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * A key that stands twice in one object, told from the bytes alone, for what parses JSON keeps the last and
 * says nothing; null: none. Of bytes that are no JSON it may say anything, and throws nothing. Every byte is
 * looked at once or twice; the keys of the objects that are open are held.
 *
 * @param json UTF-8, in which no other character contains the bytes that are looked for
 */
export function repeatedKey(json: Buffer): string | null {
  /** The keys of each open object; null: a list, in which a comma brings no key. */
  const open: (Set<string> | null)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) {
      const start = at;
      at = endOfText(json, start);
      const keys = isKeyNext ? (open.at(-1) ?? null) : null;
      isKeyNext = false;
      if (keys === null) continue;
      const key = textOf(json.toString('utf8', start, at + 1));
      if (keys.has(key)) return key;
      keys.add(key);
    } else if (byte === OBJECT || byte === LIST) {
      open.push(byte === OBJECT ? new Set() : null);
      isKeyNext = byte === OBJECT;
    } else if (CLOSERS.has(byte)) open.pop();
    else if (byte === COMMA) isKeyNext = true;
  }
  return null;
}

/** Of the text that begins here, where its closing quote stands; the end of the bytes where it has none. */
function endOfText(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Escapes undone: one key may be written in two ways. */
function textOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    // No JSON: the parser refuses it in its own words.
    return quoted;
  }
}
