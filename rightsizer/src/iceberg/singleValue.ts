import type { PrimitiveType } from './schema.ts';

/** Bounds of texts and bytes are cut to so many characters or bytes: enough to tell paths of quotas apart. */
const BOUND_LENGTH = 64;

export type SingleValue = boolean | number | bigint | string | Uint8Array;

/** A value in the binary form of the table specification, appendix D. */
export function toSingleValue(type: PrimitiveType, value: SingleValue): Buffer {
  switch (type) {
    case 'boolean':
      return Buffer.from([value === true ? 1 : 0]);
    case 'int':
    case 'date': {
      const buffer = Buffer.alloc(4);
      buffer.writeInt32LE(Number(value));
      return buffer;
    }
    case 'long':
    case 'timestamptz': {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(BigInt(value as number | bigint));
      return buffer;
    }
    case 'string':
      return Buffer.from(value as string, 'utf8');
    case 'binary':
      return Buffer.from(value as Uint8Array);
  }
}

export function fromSingleValue(type: PrimitiveType, bytes: Buffer): SingleValue {
  switch (type) {
    case 'boolean':
      return bytes[0] !== 0;
    case 'int':
    case 'date':
      return bytes.readInt32LE();
    case 'long':
    case 'timestamptz':
      // A column that was widened from int has its old files' bounds in four bytes.
      return bytes.length === 4 ? BigInt(bytes.readInt32LE()) : bytes.readBigInt64LE();
    case 'string':
      return bytes.toString('utf8');
    case 'binary':
      return bytes;
  }
}

/** A bound that is not above the value. */
export function lowerBound(type: PrimitiveType, value: SingleValue): Buffer {
  if (typeof value === 'string')
    return toSingleValue(type, Array.from(value).slice(0, BOUND_LENGTH).join(''));
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, BOUND_LENGTH));
  return toSingleValue(type, value);
}

/** A bound that is not below the value; null: none so short exists. */
export function upperBound(type: PrimitiveType, value: SingleValue): Buffer | null {
  if (typeof value === 'string') {
    const text = upperText(value);
    return text === null ? null : toSingleValue(type, text);
  }
  if (value instanceof Uint8Array) {
    return value.length <= BOUND_LENGTH ? Buffer.from(value) : null;
  }
  return toSingleValue(type, value);
}

/** The cut text with its last character raised by one, where one can be. */
function upperText(value: string): string | null {
  const characters = Array.from(value);
  if (characters.length <= BOUND_LENGTH) return value;
  const kept = characters.slice(0, BOUND_LENGTH);
  while (kept.length > 0) {
    const next = (kept.pop()?.codePointAt(0) ?? 0) + 1;
    const isCharacter = next <= 0x10ffff && (next < 0xd800 || next > 0xdfff);
    if (isCharacter) return kept.join('') + String.fromCodePoint(next);
  }
  return null;
}
