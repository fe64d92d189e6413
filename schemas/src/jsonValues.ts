/** What is wrong where in a JSON document, and what to write instead. */
export interface JsonViolation {
  readonly path: string;
  readonly message: string;
}

export type Report = (path: string, message: string) => null;

const WHOLE = /^-?(0|[1-9]\d*)$/;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

export const LONG_EXPECTED = 'must be a whole number of 64 bits; above 2^53-1 as text';

/** Why it is no exact 64-bit number, and what to write instead. */
export function longFault(json: unknown): string {
  if (typeof json === 'string' && WHOLE.test(json)) return OUT_OF_RANGE;
  if (typeof json !== 'number') return LONG_EXPECTED;
  if (!Number.isInteger(json)) return 'must be a whole number, without a fraction';
  return Math.abs(json) >= 2 ** 63 ? OUT_OF_RANGE : 'is above 2^53-1: write it as text';
}

const OUT_OF_RANGE = `is out of range: it is a whole number of at most ${LONG_MAX}`;

/** null when it is not an exact 64-bit number. */
export function longFromJson(json: unknown): bigint | null {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : null;
  if (typeof json !== 'string' || json.length > 20 || !WHOLE.test(json)) return null;
  const value = BigInt(json);
  return value >= LONG_MIN && value <= LONG_MAX ? value : null;
}

export function longToJson(value: bigint): number | string {
  const exact =
    value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER);
  return exact ? Number(value) : value.toString();
}

export function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

const NUMBER_EXPECTED = 'must have no number beyond what a double can hold';
export const TEXT_EXPECTED = 'must be text of whole Unicode characters';

/** Half a surrogate pair is no character: it has no UTF-8, so no record and no hash can carry it. */
export function isText(json: unknown): json is string {
  return typeof json === 'string' && json.isWellFormed();
}

/** Levels of lists and objects inside each other; what reads them calls itself for each. */
export const JSON_DEPTH_MAX = 64;

/** What free JSON must not contain; null: nothing of it. */
export function freeJsonFault(json: unknown, depth = 1): string | null {
  if (typeof json === 'string') return isText(json) ? null : TEXT_EXPECTED;
  // `1e400` is read as infinite and would be written as null, which in a patch takes a member away.
  if (typeof json === 'number') return Number.isFinite(json) ? null : NUMBER_EXPECTED;
  if (typeof json !== 'object' || json === null) return null;
  if (depth > JSON_DEPTH_MAX) return `must not be nested deeper than ${JSON_DEPTH_MAX} levels`;
  for (const [name, item] of Object.entries(json)) {
    const fault = isText(name) ? freeJsonFault(item, depth + 1) : TEXT_EXPECTED;
    if (fault !== null) return fault;
  }
  return null;
}

export const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
