import avro from 'avsc';
import type { Type } from 'avsc';

/** The part of avsc's place in its bytes that longs need; avsc does not declare it. */
interface Tap {
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
}

/** What a record's reader and writer call on a long; avsc does not declare it. */
interface LongType extends Type {
  _read(tap: Tap): bigint | undefined;
  _write(tap: Tap, value: unknown): void;
}

/** Below it avsc's own numbers are exact: they are doubles, and twice the value while they are read and written. */
const EXACT_BELOW = 2 ** 52;

/** A `long` that is a bigint, exact over all 64 bits: avsc's own throws from 2^53. */
export const exactLong: Type = withShortWay(
  avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: (json: string | number) => BigInt(json),
    toJSON: (value: bigint) => value.toString(),
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  }) as LongType,
);

/** Versions, offsets and times need no 64 bits, and the way for those makes a buffer for each. */
function withShortWay(type: LongType): Type {
  // avsc freezes its types, so this is one that is made of it.
  return Object.assign(Object.create(type) as LongType, {
    _read(tap: Tap): bigint | undefined {
      const start = tap.pos;
      const value = tap.readLong();
      if (isExact(value)) return BigInt(value);
      tap.pos = start;
      return type._read(tap);
    },
    _write(tap: Tap, value: unknown): void {
      const short = typeof value === 'bigint' ? Number(value) : NaN;
      if (isExact(short)) tap.writeLong(short);
      else type._write(tap, value);
    },
  });
}

/** Not so of what is no number either. */
function isExact(value: number): boolean {
  return value > -EXACT_BELOW && value < EXACT_BELOW;
}
