import { longFromJson, longToJson, timeFromJson, timeToJson } from '@prorata/schemas';
import { TableFault } from './tableFault.ts';

/** A form that an older reader would misread gets a new number. */
const FORMAT = 1;

export interface TopicIdentity {
  /** The topic's full name, the namespace included. */
  readonly name: string;
  readonly partitions: number;
}

/** One Parquet file, under `data/`. */
export interface DataFile {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface UsageFile extends DataFile {
  /** Earliest start of a usage window in the file, microseconds. */
  readonly windowStart: bigint;
  /** Latest end of one. */
  readonly windowEnd: bigint;
}

/** A contiguous range of offsets, `from` inclusive, `to` exclusive, and where its records went. */
export interface CommittedRange {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly records: number;
  /** Those of them whose id counts already. */
  readonly duplicates: number;
  readonly usage: UsageFile | null;
  readonly quarantine: DataFile | null;
}

/**
 * The last record committed. A topic that was deleted and made anew has another record there, or
 * none, so it is found out instead of being read on as if nothing had happened.
 */
export interface Marker {
  readonly offset: bigint;
  /** Over the record's timestamp, key and value. */
  readonly sha256: string;
}

export interface PartitionPosition {
  /** The first offset that is not in the table. */
  readonly nextOffset: bigint;
  /** Raised by every takeover: a commit under an older one is refused. */
  readonly epoch: number;
  /** Who took it over last. */
  readonly writer: string;
  /** null before the first commit. */
  readonly marker: Marker | null;
}

/** The whole table at one moment: readers read exactly what the newest one names, never a glob. */
export interface Manifest {
  readonly version: number;
  readonly topic: TopicIdentity;
  readonly partitions: ReadonlyMap<number, PartitionPosition>;
  /** By partition and offset. */
  readonly ranges: readonly CommittedRange[];
}

export function emptyManifest(topic: TopicIdentity): Manifest {
  return { version: 0, topic, partitions: new Map(), ranges: [] };
}

/** JSON for any reader: offsets above 2^53-1 as text, times as RFC 3339. */
export function manifestToText(manifest: Manifest): string {
  const partitions = [...manifest.partitions].map(([partition, position]) => [
    partition,
    {
      ...position,
      nextOffset: longToJson(position.nextOffset),
      marker:
        position.marker === null
          ? null
          : { ...position.marker, offset: longToJson(position.marker.offset) },
    },
  ]);
  const ranges = manifest.ranges.map((range) => ({
    ...range,
    from: longToJson(range.from),
    to: longToJson(range.to),
    usage:
      range.usage === null
        ? null
        : {
            ...range.usage,
            windowStart: timeToJson(range.usage.windowStart),
            windowEnd: timeToJson(range.usage.windowEnd),
          },
  }));
  return JSON.stringify({
    format: FORMAT,
    version: manifest.version,
    topic: manifest.topic,
    partitions: Object.fromEntries(partitions) as unknown,
    ranges,
  });
}

/** @throws TableFault MANIFEST_BROKEN */
export function manifestFromText(text: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = parse(JSON.parse(text) as Json);
  } catch (cause) {
    throw new TableFault('MANIFEST_BROKEN', 'a manifest cannot be read', { cause });
  }
  checkContiguous(manifest);
  return manifest;
}

type Json = Readonly<Record<string, unknown>>;

function parse(json: Json): Manifest {
  if (json['format'] !== FORMAT) {
    throw new TypeError(`Format ${String(json['format'])} is not ${FORMAT}.`);
  }
  const topic = json['topic'] as Json;
  const positions = Object.entries(json['partitions'] as Record<string, Json>);
  return {
    version: count(json['version']),
    topic: { name: text(topic['name']), partitions: count(topic['partitions']) },
    partitions: new Map(positions.map(([key, value]) => [Number(key), position(value)])),
    ranges: (json['ranges'] as readonly Json[]).map(range),
  };
}

function position(json: Json): PartitionPosition {
  const marker = json['marker'] as Json | null;
  return {
    nextOffset: long(json['nextOffset']),
    epoch: count(json['epoch']),
    writer: text(json['writer']),
    marker:
      marker === null ? null : { offset: long(marker['offset']), sha256: text(marker['sha256']) },
  };
}

function range(json: Json): CommittedRange {
  const usage = json['usage'] as Json | null;
  const quarantine = json['quarantine'] as Json | null;
  return {
    partition: count(json['partition']),
    from: long(json['from']),
    to: long(json['to']),
    records: count(json['records']),
    duplicates: count(json['duplicates'] ?? 0),
    usage:
      usage === null
        ? null
        : {
            ...file(usage),
            windowStart: time(usage['windowStart']),
            windowEnd: time(usage['windowEnd']),
          },
    quarantine: quarantine === null ? null : file(quarantine),
  };
}

function file(json: Json): DataFile {
  return { name: text(json['name']), rows: count(json['rows']), bytes: count(json['bytes']) };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('Text is expected.');
  return value;
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new TypeError('A count is expected.');
  return value as number;
}

function long(value: unknown): bigint {
  const parsed = longFromJson(value);
  if (parsed === null || parsed < 0n) throw new TypeError('An offset is expected.');
  return parsed;
}

function time(value: unknown): bigint {
  const parsed = timeFromJson(value);
  if (parsed === null) throw new TypeError('A time is expected.');
  return parsed;
}

/** The pair of the check at commit: nothing missing, nothing twice, in what is read back. */
function checkContiguous(manifest: Manifest): void {
  const next = new Map<number, bigint>();
  for (const { partition, from, to } of manifest.ranges) {
    const expected = next.get(partition);
    if (to <= from || (expected !== undefined && expected !== from)) {
      throw new TableFault(
        'MANIFEST_BROKEN',
        `partition ${partition} has [${from}, ${to}) after ${expected ?? 'nothing'}`,
      );
    }
    next.set(partition, to);
  }
  for (const [partition, to] of next) {
    if (manifest.partitions.get(partition)?.nextOffset !== to) {
      throw new TableFault('MANIFEST_BROKEN', `partition ${partition} does not end at ${to}`);
    }
  }
}
