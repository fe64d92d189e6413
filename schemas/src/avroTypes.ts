import avro from 'avsc';
import type { Schema, Type } from 'avsc';

/**
 * Avro types whose `long` is a bigint, exact over all 64 bits: avsc's own throws from 2^53.
 * A union of null and one type is its bare value; unions with more branches are not used by
 * Prorata's schemas, but a stranger's are read as avsc finds them.
 */
const exactLong = avro.types.LongType.__with({
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

interface BucketedUnion extends Type {
  readonly types: readonly Type[];
  readonly _bucketIndices: Record<string, number>;
}

/**
 * avsc picks the branch of an unwrapped union by the JavaScript type of the value, and has no entry
 * for bigint: it is added to the table of this union, which is the one private field we touch
 * (guarded by a test, with avsc pinned).
 */
function unionOf(schema: Schema, options: object): Type {
  const { UnwrappedUnionType } = avro.types as unknown as {
    UnwrappedUnionType: new (schema: Schema, options: object) => BucketedUnion;
  };
  const union = new UnwrappedUnionType(schema, options);
  const branch = union.types.indexOf(exactLong);
  if (branch >= 0) union._bucketIndices['bigint'] = branch;
  return union;
}

export function avroTypeOf(schema: unknown): Type {
  return avro.Type.forSchema(schema as Schema, {
    wrapUnions: 'never' as unknown as boolean,
    typeHook: (part: Schema, options: object): Type | undefined => {
      if (part === 'long') return exactLong;
      if (Array.isArray(part)) return unionOf(part, options);
      if (typeof part === 'object' && (part as { type?: unknown }).type === 'long') {
        return exactLong;
      }
      return undefined;
    },
  });
}
