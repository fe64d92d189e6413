/** The types that our tables have; Iceberg knows more. */
export type PrimitiveType =
  'boolean' | 'int' | 'long' | 'string' | 'binary' | 'timestamptz' | 'date';

/** One column. Its id is what it is known by in files, manifests and partition specs: never used again for another. */
export interface SchemaField {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: PrimitiveType;
  readonly doc?: string;
}

export interface Schema {
  readonly type: 'struct';
  readonly 'schema-id': number;
  readonly fields: readonly SchemaField[];
}

/** `bucket[N]` is of texts alone here. */
export type Transform = 'identity' | 'day' | `bucket[${number}]`;

export interface PartitionField {
  readonly name: string;
  readonly transform: Transform;
  readonly 'source-id': number;
  readonly 'field-id': number;
}

export interface PartitionSpec {
  readonly 'spec-id': number;
  readonly fields: readonly PartitionField[];
}

export interface SortField {
  readonly transform: Transform;
  readonly 'source-id': number;
  readonly direction: 'asc' | 'desc';
  readonly 'null-order': 'nulls-first' | 'nulls-last';
}

export interface SortOrder {
  readonly 'order-id': number;
  readonly fields: readonly SortField[];
}

/** What a partition field's values are. */
export function resultType(field: PartitionField, schema: Schema): PrimitiveType {
  if (field.transform === 'day') return 'date';
  if (field.transform.startsWith('bucket')) return 'int';
  const source = schema.fields.find(({ id }) => id === field['source-id']);
  if (source === undefined) throw new TypeError(`No column has the id ${field['source-id']}.`);
  return source.type;
}
