import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import { BoundedList, BoundedMap } from './boundedTypes.ts';
import { exactLong } from './exactLong.ts';

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
