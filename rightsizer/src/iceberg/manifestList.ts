import { readContainer, writeContainer } from './avroContainer.ts';
import type { AvroSchema } from './avroContainer.ts';

/** Over all files of a manifest, of one partition field. */
export interface PartitionSummary {
  readonly containsNull: boolean;
  /** In the binary form of single values; null: nothing but nulls, or not known. */
  readonly lower: Buffer | null;
  readonly upper: Buffer | null;
}

/** One manifest as a snapshot's list names it. */
export interface ListedManifest {
  /** The full address. */
  readonly path: string;
  readonly bytes: bigint;
  readonly specId: number;
  /** 0: data files; 1: deleted rows, which our tables never have. */
  readonly content: number;
  readonly sequenceNumber: bigint;
  readonly minSequenceNumber: bigint;
  readonly addedSnapshotId: bigint;
  readonly addedFiles: number;
  readonly existingFiles: number;
  readonly deletedFiles: number;
  readonly addedRows: bigint;
  readonly existingRows: bigint;
  readonly deletedRows: bigint;
  /** By the order of the partition spec's fields. */
  readonly partitions: readonly PartitionSummary[];
}

export interface ListMaker {
  readonly snapshotId: bigint;
  readonly parentId: bigint | null;
  readonly sequenceNumber: number;
  /** Texts beside Iceberg's own, which a list carries in its header. */
  readonly notes: Readonly<Record<string, string>>;
}

/** What a snapshot's list says. */
export interface ManifestList {
  readonly manifests: readonly ListedManifest[];
  /** The header's texts. */
  readonly notes: Readonly<Record<string, string>>;
}

/** Format version 2 of the table specification, § Manifest Lists. */
export function manifestListToBytes(
  maker: ListMaker,
  manifests: readonly ListedManifest[],
): Buffer {
  const meta = {
    ...maker.notes,
    'snapshot-id': String(maker.snapshotId),
    'parent-snapshot-id': maker.parentId === null ? 'null' : String(maker.parentId),
    'sequence-number': String(maker.sequenceNumber),
    'format-version': '2',
  };
  return writeContainer(listSchema, meta, manifests.map(recordOf));
}

/** @throws TypeError for bytes that are no manifest list */
export function manifestListFromBytes(bytes: Buffer): ManifestList {
  const { records, meta } = readContainer(bytes);
  return { manifests: (records as ListRecord[]).map(manifestOf), notes: meta };
}

interface SummaryRecord {
  readonly contains_null: boolean;
  readonly contains_nan?: boolean | null;
  readonly lower_bound?: Buffer | null;
  readonly upper_bound?: Buffer | null;
}

interface ListRecord {
  readonly manifest_path: string;
  readonly manifest_length: bigint;
  readonly partition_spec_id: number;
  readonly content?: number;
  readonly sequence_number?: bigint;
  readonly min_sequence_number?: bigint;
  readonly added_snapshot_id: bigint;
  readonly added_files_count?: number | null;
  readonly existing_files_count?: number | null;
  readonly deleted_files_count?: number | null;
  /** The names of older writers. */
  readonly added_data_files_count?: number | null;
  readonly existing_data_files_count?: number | null;
  readonly deleted_data_files_count?: number | null;
  readonly added_rows_count?: bigint | null;
  readonly existing_rows_count?: bigint | null;
  readonly deleted_rows_count?: bigint | null;
  readonly partitions?: readonly SummaryRecord[] | null;
}

function recordOf(manifest: ListedManifest): ListRecord {
  return {
    manifest_path: manifest.path,
    manifest_length: manifest.bytes,
    partition_spec_id: manifest.specId,
    content: manifest.content,
    sequence_number: manifest.sequenceNumber,
    min_sequence_number: manifest.minSequenceNumber,
    added_snapshot_id: manifest.addedSnapshotId,
    added_files_count: manifest.addedFiles,
    existing_files_count: manifest.existingFiles,
    deleted_files_count: manifest.deletedFiles,
    added_rows_count: manifest.addedRows,
    existing_rows_count: manifest.existingRows,
    deleted_rows_count: manifest.deletedRows,
    partitions: manifest.partitions.map(({ containsNull, lower, upper }) => ({
      contains_null: containsNull,
      contains_nan: false,
      lower_bound: lower,
      upper_bound: upper,
    })),
  };
}

function manifestOf(record: ListRecord): ListedManifest {
  return {
    path: record.manifest_path,
    bytes: record.manifest_length,
    specId: record.partition_spec_id,
    content: record.content ?? 0,
    sequenceNumber: record.sequence_number ?? 0n,
    minSequenceNumber: record.min_sequence_number ?? 0n,
    addedSnapshotId: record.added_snapshot_id,
    addedFiles: record.added_files_count ?? record.added_data_files_count ?? 0,
    existingFiles: record.existing_files_count ?? record.existing_data_files_count ?? 0,
    deletedFiles: record.deleted_files_count ?? record.deleted_data_files_count ?? 0,
    addedRows: record.added_rows_count ?? 0n,
    existingRows: record.existing_rows_count ?? 0n,
    deletedRows: record.deleted_rows_count ?? 0n,
    partitions: (record.partitions ?? []).map((summary) => ({
      containsNull: summary.contains_null,
      lower: summary.lower_bound ?? null,
      upper: summary.upper_bound ?? null,
    })),
  };
}

const field = (name: string, type: unknown, id: number): object => ({ name, type, 'field-id': id });
const optional = (name: string, type: unknown, id: number): object => ({
  name,
  type: ['null', type],
  default: null,
  'field-id': id,
});

const listSchema: AvroSchema = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field('manifest_path', 'string', 500),
    field('manifest_length', 'long', 501),
    field('partition_spec_id', 'int', 502),
    field('content', 'int', 517),
    field('sequence_number', 'long', 515),
    field('min_sequence_number', 'long', 516),
    field('added_snapshot_id', 'long', 503),
    field('added_files_count', 'int', 504),
    field('existing_files_count', 'int', 505),
    field('deleted_files_count', 'int', 506),
    field('added_rows_count', 'long', 512),
    field('existing_rows_count', 'long', 513),
    field('deleted_rows_count', 'long', 514),
    optional(
      'partitions',
      {
        type: 'array',
        'element-id': 508,
        items: {
          type: 'record',
          name: 'r508',
          fields: [
            field('contains_null', 'boolean', 509),
            optional('contains_nan', 'boolean', 518),
            optional('lower_bound', 'bytes', 510),
            optional('upper_bound', 'bytes', 511),
          ],
        },
      },
      507,
    ),
  ],
};
