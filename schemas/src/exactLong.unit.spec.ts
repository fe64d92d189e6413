import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { avroTypeOf } from './avroTypes.ts';
import { exactLong } from './exactLong.ts';

const powers = Array.from({ length: 64 }, (_, exponent) => 2n ** BigInt(exponent));
const values = powers
  .flatMap((power) => [power - 1n, power, -power, 1n - power, -power - 1n])
  .filter((value) => BigInt.asIntN(64, value) === value);

/** A time in microseconds: beyond 32 bits, within what a double holds. */
const moment = 1_790_000_000_000_001n;

/** Zigzag, then seven bits a byte, the lowest first: the Avro specification's own words. */
function specified(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

describe('a long', () => {
  it('is written as Avro says and read again exactly, around every power of two', () => {
    for (const value of values) {
      const bytes = exactLong.toBuffer(value);
      expect(bytes, `${value}`).toEqual(specified(value));
      expect(exactLong.fromBuffer(bytes), `${value}`).toBe(value);
    }
  });

  it('is read from an older int, and refused when it is torn', () => {
    const wide = avroTypeOf({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'long' }] });
    const narrow = avroTypeOf({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] });
    const bytes = narrow.toBuffer({ n: -3 });
    expect(wide.fromBuffer(bytes, wide.createResolver(narrow))).toMatchObject({ n: -3n });
    for (const value of values) {
      const torn = specified(value).subarray(0, -1);
      expect(() => wide.fromBuffer(torn) as unknown, `${value}`).toThrow();
    }
  });

  it('takes no more than 64 bits, and nothing but a bigint', () => {
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 1, '1', null]) {
      expect(exactLong.isValid(value), String(value)).toBe(false);
      expect(() => exactLong.toBuffer(value), String(value)).toThrow();
    }
  });

  it('is what other programs read where their numbers hold it', () => {
    const theirs: unknown = avro.Type.forSchema('long').fromBuffer(exactLong.toBuffer(moment));
    expect(theirs).toBe(Number(moment));
  });
});
