import type { PrimitiveType, Schema, SchemaField, SortField } from '../iceberg/schema.ts';
import type { TableForm } from '../iceberg/tableMetadata.ts';

/** What one of the tables holds. The rows say nothing of when they were written: the same range gives the same files. */
export interface RowForm {
  /** The table's name, and what its files' names begin with. */
  readonly name: 'usage' | 'quarantine';
  readonly schema: Schema;
  /** Columns that rows of one file are sorted by, as SQL: no two rows are equal in all of them. */
  readonly sortedBy: string;
  /**
   * Columns beside the schema's that rows are split into files by, in the order of the partition
   * spec: whole numbers, the day first.
   */
  readonly splitBy: readonly string[];
}

/**
 * Buckets of quotas that a day's rows are split into where nothing else is said: each becomes a file
 * of its own, so few quotas want few.
 */
export const PRESET_BUCKETS = 4;

/** A column keeps its id for ever; a new one gets the next, is optional, and reads as null in older files. */
const usageFields: readonly SchemaField[] = [
  required(1, 'source', 'string', "the topic's full name, or import/<id>"),
  required(2, 'source_partition', 'int', 'of the source'),
  required(3, 'source_offset', 'long', 'in the partition'),
  required(4, 'logged_at', 'timestamptz', 'when the broker took the record'),
  required(5, 'host_id', 'string'),
  required(6, 'boot_id', 'string'),
  required(7, 'sequence', 'long', "of the host's records since its boot"),
  required(8, 'application', 'string'),
  required(9, 'quota_id', 'string'),
  optional(10, 'project', 'string', "who pays, at the window's start"),
  required(11, 'window_start', 'timestamptz'),
  required(12, 'window_end', 'timestamptz', 'the first moment after the window'),
  required(13, 'resource', 'string', 'empty in the one row of a record that names none'),
  required(14, 'used', 'long', 'base units; of concurrency and capacity unit-seconds'),
  required(15, 'refused', 'long'),
  required(16, 'queued', 'long'),
  required(17, 'peak', 'long', 'the highest at once'),
  optional(18, 'zone', 'string', 'where the host runs'),
  required(19, 'trial_refused', 'long', 'what limits on trial would have refused'),
];

const quarantineFields: readonly SchemaField[] = [
  required(1, 'source', 'string', "the topic's full name, or import/<id>"),
  required(2, 'source_partition', 'int'),
  required(3, 'source_offset', 'long'),
  required(4, 'logged_at', 'timestamptz', 'when the broker took the record'),
  required(5, 'reason', 'string', 'a stable code'),
  required(6, 'detail', 'string', 'for people'),
  optional(7, 'record_key', 'binary'),
  required(8, 'value_bytes', 'long'),
  required(9, 'value_sha256', 'string'),
  required(10, 'value_start', 'binary', 'the beginning of the value'),
];

export const usageForm: RowForm = {
  name: 'usage',
  schema: { type: 'struct', 'schema-id': 0, fields: usageFields },
  sortedBy: 'quota_id, resource, window_start, source, source_partition, source_offset',
  splitBy: ['part_day', 'part_bucket'],
};

export const quarantineForm: RowForm = {
  name: 'quarantine',
  schema: { type: 'struct', 'schema-id': 0, fields: quarantineFields },
  sortedBy: 'source, source_partition, source_offset',
  splitBy: ['part_day'],
};

/** What the usage table is made with. @param buckets fixed for its life */
export function usageTableForm(
  buckets: number,
  properties: Readonly<Record<string, string>>,
): TableForm {
  const transform = `bucket[${buckets}]` as const;
  return {
    schema: usageForm.schema,
    spec: {
      'spec-id': 0,
      fields: [
        { name: 'window_start_day', transform: 'day', 'source-id': 11, 'field-id': 1000 },
        { name: 'quota_id_bucket', transform, 'source-id': 9, 'field-id': 1001 },
      ],
    },
    order: { 'order-id': 1, fields: [ascending(9), ascending(13), ascending(11)] },
    properties: { ...sharedProperties, ...properties },
  };
}

export const quarantineTableForm: TableForm = {
  schema: quarantineForm.schema,
  spec: {
    'spec-id': 0,
    fields: [{ name: 'logged_at_day', transform: 'day', 'source-id': 4, 'field-id': 1000 }],
  },
  order: { 'order-id': 1, fields: [ascending(1), ascending(2), ascending(3)] },
  properties: {
    'write.format.default': 'parquet',
    'write.parquet.compression-codec': 'zstd',
  },
};

const sharedProperties = quarantineTableForm.properties;

/** DuckDB's name of a column's type. */
export function sqlType(type: PrimitiveType): string {
  const types: Record<PrimitiveType, string> = {
    boolean: 'BOOLEAN',
    int: 'INTEGER',
    long: 'BIGINT',
    string: 'VARCHAR',
    binary: 'BLOB',
    date: 'DATE',
    timestamptz: 'TIMESTAMP WITH TIME ZONE',
  };
  return types[type];
}

/** Days since the epoch of microseconds, rounded down also before it: what Iceberg's `day` gives. */
export function daySql(micros: string): string {
  const day = '86400000000';
  return `((${micros} - ((${micros} % ${day}) + ${day}) % ${day}) // ${day})::INTEGER`;
}

function required(id: number, name: string, type: PrimitiveType, doc?: string): SchemaField {
  return { id, name, required: true, type, ...(doc === undefined ? {} : { doc }) };
}

function optional(id: number, name: string, type: PrimitiveType, doc?: string): SchemaField {
  return { ...required(id, name, type, doc), required: false };
}

function ascending(id: number): SortField {
  return { transform: 'identity', 'source-id': id, direction: 'asc', 'null-order': 'nulls-first' };
}
