import { createHash } from 'node:crypto';

/**
 * Bytes of UTF-8 of one text in an index. PostgreSQL refuses an index row above 2,704 bytes, and four
 * such texts stand in the key of `commands`; the longest quota id has 511.
 */
const INDEXED_BYTES_MAX = 512;
/** What people still recognize of a longer text, in characters of at most 4 bytes. */
const PREFIX_CHARACTERS = 100;

/**
 * The text as an index can hold it, whatever somebody wrote into the log: a longer one is its
 * beginning and the SHA-256 of the whole, so that two never become one. Queries ask by the same form.
 */
export function indexedText(text: string): string {
  if (!isLong(text)) return text;
  const digest = createHash('sha256').update(text).digest('hex');
  // Cut by code points: half of a surrogate pair is no text.
  const prefix = Array.from(text.slice(0, 2 * PREFIX_CHARACTERS)).slice(0, PREFIX_CHARACTERS - 1);
  return `${prefix.join('')}…sha256:${digest}`;
}

/** Whether the column holds less than the text, so that the body must hold all of it. */
export function isLong(text: string): boolean {
  return Buffer.byteLength(text) > INDEXED_BYTES_MAX;
}
