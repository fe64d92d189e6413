import { readContainer, writeContainer } from './avroContainer.ts';
import type { AvroSchema } from './avroContainer.ts';
import type { ColumnStatistics, DataFile } from './dataFile.ts';
import { resultType } from './schema.ts';
import type { PartitionSpec, PrimitiveType, Schema } from './schema.ts';
import type { SingleValue } from './singleValue.ts';

/** As manifests number them. */
export const entryStatus = { existing: 0, added: 1, deleted: 2 } as const;

/** A file in a manifest. Null: as the manifest list says of the whole manifest, which is not known as it is written. */
export interface ManifestEntry {
  readonly status: 0 | 1 | 2;
  readonly snapshotId: bigint | null;
  readonly sequenceNumber: bigint | null;
  readonly fileSequenceNumber: bigint | null;
  readonly file: DataFile;
}

export interface ManifestForm {
  readonly schema: Schema;
  readonly spec: PartitionSpec;
}

/** Format version 2 of the table specification, § Manifests. */
export function manifestToBytes(form: ManifestForm, entries: readonly ManifestEntry[]): Buffer {
  const meta = {
    schema: JSON.stringify(form.schema),
    'schema-id': String(form.schema['schema-id']),
    'partition-spec': JSON.stringify(form.spec.fields),
    'partition-spec-id': String(form.spec['spec-id']),
    'format-version': '2',
    content: 'data',
  };
  const names = form.spec.fields.map(({ name }) => name);
  const records = entries.map((entry) => entryRecord(entry, names));
  return writeContainer(entrySchema(form), meta, records);
}

/** @throws TypeError for bytes that are no manifest of data files */
export function manifestFromBytes(bytes: Buffer, spec: PartitionSpec): ManifestEntry[] {
  const { meta, records } = readContainer(bytes);
  if ((meta['content'] ?? 'data') !== 'data') {
    throw new TypeError('Manifests of deleted rows are not read: rows of this table never change.');
  }
  const names = spec.fields.map(({ name }) => name);
  return (records as EntryRecord[]).map((record) => entryOf(record, names));
}

interface KeyValue<Value> {
  readonly key: number;
  readonly value: Value;
}

interface FileRecord {
  readonly content?: number;
  readonly file_path: string;
  readonly file_format: string;
  readonly partition: Readonly<Record<string, SingleValue | null>>;
  readonly record_count: bigint;
  readonly file_size_in_bytes: bigint;
  readonly column_sizes?: readonly KeyValue<bigint>[] | null;
  readonly value_counts?: readonly KeyValue<bigint>[] | null;
  readonly null_value_counts?: readonly KeyValue<bigint>[] | null;
  readonly lower_bounds?: readonly KeyValue<Buffer>[] | null;
  readonly upper_bounds?: readonly KeyValue<Buffer>[] | null;
  readonly sort_order_id?: number | null;
}

interface EntryRecord {
  readonly status: 0 | 1 | 2;
  readonly snapshot_id: bigint | null;
  readonly sequence_number?: bigint | null;
  readonly file_sequence_number?: bigint | null;
  readonly data_file: FileRecord;
}

function entryRecord(entry: ManifestEntry, partitionNames: readonly string[]): EntryRecord {
  const { file } = entry;
  const columns = [...file.columns].sort(([left], [right]) => left - right);
  const of = <Value>(pick: (column: ColumnStatistics) => Value | null): KeyValue<Value>[] =>
    columns.flatMap(([key, column]) => {
      const value = pick(column);
      return value === null ? [] : [{ key, value }];
    });
  return {
    status: entry.status,
    snapshot_id: entry.snapshotId,
    sequence_number: entry.sequenceNumber,
    file_sequence_number: entry.fileSequenceNumber,
    data_file: {
      content: 0,
      file_path: file.path,
      file_format: 'PARQUET',
      partition: Object.fromEntries(
        partitionNames.map((name, index) => [name, file.partition[index] ?? null]),
      ),
      record_count: BigInt(file.rows),
      file_size_in_bytes: BigInt(file.bytes),
      column_sizes: of(({ bytes }) => BigInt(bytes)),
      value_counts: of(({ values }) => BigInt(values)),
      null_value_counts: of(({ nulls }) => BigInt(nulls)),
      lower_bounds: of(({ lower }) => lower),
      upper_bounds: of(({ upper }) => upper),
      sort_order_id: file.sortOrderId,
    },
  };
}

function entryOf(record: EntryRecord, partitionNames: readonly string[]): ManifestEntry {
  const { data_file: file } = record;
  if (file.file_format.toUpperCase() !== 'PARQUET') {
    throw new TypeError(`${file.file_path} is ${file.file_format}, not Parquet.`);
  }
  return {
    status: record.status,
    snapshotId: record.snapshot_id,
    sequenceNumber: record.sequence_number ?? null,
    fileSequenceNumber: record.file_sequence_number ?? null,
    file: {
      path: file.file_path,
      partition: partitionNames.map((name) => file.partition[name] ?? null),
      rows: Number(file.record_count),
      bytes: Number(file.file_size_in_bytes),
      columns: columnsOf(file),
      sortOrderId: file.sort_order_id ?? null,
    },
  };
}

function columnsOf(file: FileRecord): Map<number, ColumnStatistics> {
  const byKey = <Value>(list: readonly KeyValue<Value>[] | null | undefined): Map<number, Value> =>
    new Map((list ?? []).map(({ key, value }) => [key, value]));
  const [sizes, values, nulls] = [
    byKey(file.column_sizes),
    byKey(file.value_counts),
    byKey(file.null_value_counts),
  ];
  const [lower, upper] = [byKey(file.lower_bounds), byKey(file.upper_bounds)];
  const ids = new Set([...sizes.keys(), ...values.keys(), ...lower.keys(), ...upper.keys()]);
  return new Map(
    [...ids].map((id) => [
      id,
      {
        bytes: Number(sizes.get(id) ?? 0n),
        values: Number(values.get(id) ?? 0n),
        nulls: Number(nulls.get(id) ?? 0n),
        lower: lower.get(id) ?? null,
        upper: upper.get(id) ?? null,
      },
    ]),
  );
}

const optional = (type: unknown): unknown[] => ['null', type];

/** Iceberg writes a map whose keys are no texts as a list of pairs. */
function pairs(keyId: number, valueId: number, value: string): object {
  return {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: `k${keyId}_v${valueId}`,
      fields: [
        { name: 'key', type: 'int', 'field-id': keyId },
        { name: 'value', type: value, 'field-id': valueId },
      ],
    },
  };
}

const avroTypes: Readonly<Record<PrimitiveType, unknown>> = {
  boolean: 'boolean',
  int: 'int',
  long: 'long',
  string: 'string',
  binary: 'bytes',
  date: { type: 'int', logicalType: 'date' },
  timestamptz: { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true },
};

function entrySchema({ schema, spec }: ManifestForm): AvroSchema {
  const partition = {
    type: 'record',
    name: 'r102',
    fields: spec.fields.map((field) => ({
      name: field.name,
      type: optional(avroTypes[resultType(field, schema)]),
      default: null,
      'field-id': field['field-id'],
    })),
  };
  const list = (name: string, id: number, type: unknown): object => ({
    name,
    type: optional(type),
    default: null,
    'field-id': id,
  });
  const file = {
    type: 'record',
    name: 'r2',
    fields: [
      { name: 'content', type: 'int', 'field-id': 134 },
      { name: 'file_path', type: 'string', 'field-id': 100 },
      { name: 'file_format', type: 'string', 'field-id': 101 },
      { name: 'partition', type: partition, 'field-id': 102 },
      { name: 'record_count', type: 'long', 'field-id': 103 },
      { name: 'file_size_in_bytes', type: 'long', 'field-id': 104 },
      list('column_sizes', 108, pairs(117, 118, 'long')),
      list('value_counts', 109, pairs(119, 120, 'long')),
      list('null_value_counts', 110, pairs(121, 122, 'long')),
      list('lower_bounds', 125, pairs(126, 127, 'bytes')),
      list('upper_bounds', 128, pairs(129, 130, 'bytes')),
      list('sort_order_id', 140, 'int'),
    ],
  };
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      { name: 'status', type: 'int', 'field-id': 0 },
      list('snapshot_id', 1, 'long'),
      list('sequence_number', 3, 'long'),
      list('file_sequence_number', 4, 'long'),
      { name: 'data_file', type: file, 'field-id': 2 },
    ],
  };
}
