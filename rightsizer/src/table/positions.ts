import { longFromJson, longToJson } from '@prorata/schemas';
import { TableFault } from './tableFault.ts';
import type { Positions } from './tableVersion.ts';

/**
 * The last record committed. A topic that was deleted and made anew has another record there, or
 * none, so it is found out instead of being read on as if nothing had happened.
 */
export interface Marker {
  readonly offset: bigint;
  /** Over the record's timestamp, key and value. */
  readonly sha256: string;
}

/** Where the table stands with one partition of one source. */
export interface PartitionPosition {
  /** The first offset that is not in the table. */
  readonly nextOffset: bigint;
  /** Raised by every takeover: a commit under an older one is refused. */
  readonly epoch: number;
  /** Who took it over last. */
  readonly writer: string;
  /** What the broker calls the topic; null: it gives it no id. */
  readonly topicId: string | null;
  /** null before the first commit. */
  readonly marker: Marker | null;
  /** Of all ranges so far. */
  readonly records: number;
  readonly quarantined: number;
  readonly duplicates: number;
}

/** By `<source>/<partition>`. */
export type PartitionPositions = ReadonlyMap<string, PartitionPosition>;

export function partitionKey(source: string, partition: number): string {
  return `${source}/${partition}`;
}

/** What a `<source>/<partition>` names; a source's own name may hold slashes. */
export function placeOf(key: string): { source: string; partition: number } {
  const at = key.lastIndexOf('/');
  return { source: key.slice(0, at), partition: Number(key.slice(at + 1)) };
}

/** Nobody has written of it yet. */
export const startPosition: PartitionPosition = {
  nextOffset: 0n,
  epoch: 0,
  writer: '',
  topicId: null,
  marker: null,
  records: 0,
  quarantined: 0,
  duplicates: 0,
};

/** The property of the table that says it of the newest version: also after commits by other engines. */
export const POSITIONS_PROPERTY = 'prorata.positions';
/** What each snapshot's manifest list says of it, as `{"<source>/<partition>": offset}`. */
export const OFFSETS_NOTE = 'prorata.offsets';

/** JSON for any reader: offsets above 2^53-1 as text. */
export function positionsToText(positions: PartitionPositions): string {
  const entries = [...positions].map(([key, position]) => [
    key,
    {
      ...position,
      nextOffset: longToJson(position.nextOffset),
      marker: position.marker && {
        ...position.marker,
        offset: longToJson(position.marker.offset),
      },
    },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** @throws TableFault METADATA_BROKEN */
export function positionsFromText(text: string | undefined): PartitionPositions {
  if (text === undefined) return new Map();
  return told(() => {
    const json = JSON.parse(text) as Record<string, Json>;
    return new Map(Object.entries(json).map(([key, value]) => [key, positionOf(value)]));
  });
}

export function offsetsOf(positions: PartitionPositions): Positions {
  return new Map([...positions].map(([key, { nextOffset }]) => [key, nextOffset]));
}

export function offsetsToText(positions: Positions): string {
  return JSON.stringify(
    Object.fromEntries([...positions].map(([key, offset]) => [key, longToJson(offset)])),
  );
}

/** @throws TableFault METADATA_BROKEN */
export function offsetsFromText(text: string): Positions {
  return told(() => {
    const json = JSON.parse(text) as Record<string, unknown>;
    return new Map(Object.entries(json).map(([key, value]) => [key, long(value)]));
  });
}

type Json = Readonly<Record<string, unknown>>;

function positionOf(json: Json): PartitionPosition {
  const marker = json['marker'] as Json | null;
  return {
    nextOffset: long(json['nextOffset']),
    epoch: count(json['epoch']),
    writer: text(json['writer']),
    topicId: json['topicId'] === null ? null : text(json['topicId']),
    marker: marker && { offset: long(marker['offset']), sha256: text(marker['sha256']) },
    records: count(json['records']),
    quarantined: count(json['quarantined']),
    duplicates: count(json['duplicates']),
  };
}

function told<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new TableFault('METADATA_BROKEN', "the table's positions cannot be read", { cause });
  }
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
