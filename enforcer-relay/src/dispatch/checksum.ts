import { createHash } from 'node:crypto';
import type { Holding } from './dispatcher.ts';

/** SHA-256 of the text's UTF-8 in hexadecimal digits. */
export const checksumOf = (text: string): string =>
  createHash('sha256').update(text, 'utf8').digest('hex');

/** @param text null: nothing is there */
export const holdingOf = (text: string | null): Holding => ({
  text,
  checksum: text === null ? null : checksumOf(text),
});
