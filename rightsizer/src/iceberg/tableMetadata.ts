import { parseExactly, stringifyExactly } from './exactJson.ts';
import type { PartitionSpec, Schema, SortOrder } from './schema.ts';

/** A whole number that may pass 2^53 where another engine wrote it. */
export type Long = number | bigint;

/** Of a snapshot: what made it, and counts and what else its maker says, all as text. */
export type SnapshotSummary = Readonly<Record<string, string>> & {
  readonly operation: 'append' | 'replace' | 'overwrite' | 'delete';
};

export interface Snapshot {
  readonly 'snapshot-id': Long;
  readonly 'parent-snapshot-id'?: Long;
  readonly 'sequence-number': number;
  readonly 'timestamp-ms': number;
  /** The manifest list's full address. */
  readonly 'manifest-list': string;
  readonly summary: SnapshotSummary;
  readonly 'schema-id'?: number;
}

export interface SnapshotReference {
  readonly 'snapshot-id': Long;
  readonly type: 'branch' | 'tag';
}

/**
 * One version of a table: format version 2 of Iceberg's table metadata, by its own names, so that
 * what another engine put in beside them is carried along.
 */
export interface TableMetadata {
  readonly 'format-version': 2;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': number;
  readonly 'last-updated-ms': number;
  readonly 'last-column-id': number;
  readonly schemas: readonly Schema[];
  readonly 'current-schema-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'default-spec-id': number;
  readonly 'last-partition-id': number;
  readonly 'sort-orders': readonly SortOrder[];
  readonly 'default-sort-order-id': number;
  readonly properties: Readonly<Record<string, string>>;
  /** -1: there is none. */
  readonly 'current-snapshot-id': Long;
  readonly snapshots: readonly Snapshot[];
  readonly 'snapshot-log': readonly { 'timestamp-ms': number; 'snapshot-id': Long }[];
  readonly 'metadata-log': readonly { 'timestamp-ms': number; 'metadata-file': string }[];
  readonly refs: Readonly<Record<string, SnapshotReference>>;
}

/** What a table is made with. */
export interface TableForm {
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly order: SortOrder;
  readonly properties: Readonly<Record<string, string>>;
}

/** A table without rows. */
export function newTable(
  form: TableForm,
  { location, uuid, nowMs }: { location: string; uuid: string; nowMs: number },
): TableMetadata {
  return {
    'format-version': 2,
    'table-uuid': uuid,
    location,
    'last-sequence-number': 0,
    'last-updated-ms': nowMs,
    'last-column-id': highest(form.schema.fields.map(({ id }) => id)),
    schemas: [form.schema],
    'current-schema-id': form.schema['schema-id'],
    'partition-specs': [form.spec],
    'default-spec-id': form.spec['spec-id'],
    'last-partition-id': highest([999, ...form.spec.fields.map((field) => field['field-id'])]),
    'sort-orders': [form.order],
    'default-sort-order-id': form.order['order-id'],
    properties: form.properties,
    'current-snapshot-id': -1,
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    refs: {},
  };
}

/** @throws TypeError for what is no metadata of format version 2 */
export function metadataFromText(text: string): TableMetadata {
  const json = parseExactly(text) as Partial<TableMetadata> | null;
  if (json === null || json['format-version'] !== 2) {
    throw new TypeError(`Format version ${String(json?.['format-version'])} is not 2.`);
  }
  const { schemas, snapshots, properties } = json;
  if (!Array.isArray(schemas) || typeof json.location !== 'string') {
    throw new TypeError('Schemas and a location are expected.');
  }
  const metadata = {
    ...json,
    snapshots: snapshots ?? [],
    properties: properties ?? {},
    refs: json.refs ?? {},
    'snapshot-log': json['snapshot-log'] ?? [],
    'metadata-log': json['metadata-log'] ?? [],
    'current-snapshot-id': json['current-snapshot-id'] ?? -1,
  } as TableMetadata;
  if (metadata['current-snapshot-id'] !== -1) currentSnapshot(metadata);
  currentSchema(metadata);
  return metadata;
}

export function metadataToText(metadata: TableMetadata): string {
  return stringifyExactly(metadata);
}

/** null: the table has had no rows yet. @throws TypeError */
export function currentSnapshot(metadata: TableMetadata): Snapshot | null {
  const id = metadata['current-snapshot-id'];
  if (id === -1) return null;
  const snapshot = snapshotWith(metadata, BigInt(id));
  if (snapshot === null)
    throw new TypeError(`The current snapshot ${id} is not among the snapshots.`);
  return snapshot;
}

export function snapshotWith(metadata: TableMetadata, id: bigint): Snapshot | null {
  return metadata.snapshots.find((each) => BigInt(each['snapshot-id']) === id) ?? null;
}

/** @throws TypeError */
export function currentSchema(metadata: TableMetadata): Schema {
  return schemaWith(metadata, metadata['current-schema-id']);
}

export function schemaWith({ schemas }: TableMetadata, id: number): Schema {
  const schema = schemas.find((each) => each['schema-id'] === id);
  if (schema === undefined) throw new TypeError(`Schema ${id} is not among the schemas.`);
  return schema;
}

export function specWith(metadata: TableMetadata, id: number): PartitionSpec {
  const spec = metadata['partition-specs'].find((each) => each['spec-id'] === id);
  if (spec === undefined) throw new TypeError(`Partition spec ${id} is not among the specs.`);
  return spec;
}

export function defaultSpec(metadata: TableMetadata): PartitionSpec {
  return specWith(metadata, metadata['default-spec-id']);
}

/**
 * The table with the columns that `wanted` has beside those that it knows: rows written before read
 * as null there. The table itself where nothing is new.
 * @throws TypeError when a known column would change, which no old file would follow
 */
export function withColumns(metadata: TableMetadata, wanted: Schema): TableMetadata {
  const current = currentSchema(metadata);
  const known = new Map(current.fields.map((field) => [field.id, field]));
  for (const { id, name, type } of wanted.fields) {
    const field = known.get(id);
    if (field !== undefined && (field.name !== name || field.type !== type)) {
      throw new TypeError(`Column ${id} is ${field.name} ${field.type}, not ${name} ${type}.`);
    }
  }
  const added = wanted.fields.filter(({ id }) => !known.has(id));
  if (added.length === 0) return metadata;
  const required = added.find((field) => field.required);
  if (required !== undefined) throw new TypeError(`An added column is optional: ${required.name}.`);
  const id = highest(metadata.schemas.map((schema) => schema['schema-id'])) + 1;
  const fields = [...current.fields, ...added];
  return {
    ...metadata,
    schemas: [...metadata.schemas, { type: 'struct', 'schema-id': id, fields }],
    'current-schema-id': id,
    'last-column-id': highest([metadata['last-column-id'], ...added.map((field) => field.id)]),
  };
}

function highest(numbers: readonly number[]): number {
  return numbers.reduce((most, each) => Math.max(most, each), 0);
}
