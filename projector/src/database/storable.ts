/** PostgreSQL and JSON.stringify alike fail where nesting exceeds their stack. */
const DEPTH_MAX = 64;
const TOO_DEEP = '(nested too deep: the log has it)';
/** What PostgreSQL's text cannot hold, and what stands there instead. */
const NUL = '\0';
const REPLACEMENT = '\uFFFD';

/**
 * A JSON value that PostgreSQL takes whatever a client wrote: one strange character in a reason must
 * not stop the partition for everybody. The log keeps the original.
 */
export function storable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => storable(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key), storable(item, depth + 1)]),
  );
}

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}
