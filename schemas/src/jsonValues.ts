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

export const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
