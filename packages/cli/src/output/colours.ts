import pc from 'picocolors';

const { NO_COLOR } = process.env;

/** Colours on a terminal alone, and not with NO_COLOR (any text but an empty one). */
export const colours = pc.createColors(
  process.stdout.isTTY && (NO_COLOR === undefined || NO_COLOR === ''),
);
