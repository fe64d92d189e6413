import { isatty } from 'node:tty';
import pc from 'picocolors';

const { NO_COLOR } = process.env;
const STDOUT = 1;

/**
 * Colours on a terminal alone, and not with NO_COLOR (any text but an empty one). Not
 * `process.stdout.isTTY`: a pipe has none, and where picocolors is given `undefined` it decides for
 * itself, so that in a CI environment it would colour what a script reads.
 */
export const colours = pc.createColors(
  isatty(STDOUT) && (NO_COLOR === undefined || NO_COLOR === ''),
);
