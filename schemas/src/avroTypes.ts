import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import { BoundedList, BoundedMap } from './boundedTypes.ts';

/** A `long` that is a bigint, exact over all 64 bits: avsc's own throws from 2^53. */
const exactLong: Type = avro.types.LongType.__with({
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
});

/** An Avro type with exact longs and bounded lists and maps, where a union of null and one type is its bare value. */
export function avroTypeOf(schema: unknown): Type {
  return avro.Type.forSchema(schema as Schema, {
    wrapUnions: 'never' as unknown as boolean,
    // Without the object form, `{"type": "long", "logicalType": …}` would be avsc's inexact long.
    typeHook: (part: Schema, options: object): Type | undefined => {
      const kind = typeof part === 'string' ? part : (part as { type?: unknown }).type;
      if (kind === 'long') return exactLong;
      if (typeof part === 'string') return undefined;
      if (kind === 'array') return new BoundedList(part, options);
      return kind === 'map' ? new BoundedMap(part, options) : undefined;
    },
  });
}
