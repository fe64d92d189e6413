import { randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import type { Type } from 'avsc';
import { exactLong } from '@prorata/schemas';

/** Avro's object container file, version 1: a header, then blocks of records between marks. */
const MAGIC = Buffer.from('Obj\x01', 'latin1');
const SYNC_BYTES = 16;
/** Of one block, before it is packed. */
const BLOCK_RECORDS_MAX = 2_000;
/** Of an unpacked block: what is read may come from elsewhere, and must not fill the memory. */
const BLOCK_BYTES_MAX = 256_000_000;

/** Any Avro schema as JSON; avsc reads attributes that it does not know over. */
export type AvroSchema = object;

interface Header {
  readonly meta: Readonly<Record<string, Buffer>>;
  readonly sync: Buffer;
}

export interface Container {
  /** The header's texts, `avro.schema` included. */
  readonly meta: Readonly<Record<string, string>>;
  /** Longs are bigints. */
  readonly records: readonly unknown[];
}

const headerMeta = avro.Type.forSchema({ type: 'map', values: 'bytes' });
const long = avro.Type.forSchema('long');
/** Types by their schema's text: compiling one takes longer than reading a file. */
const compiled = new Map<string, Type>();
/** Schemas differ by a table's partition spec and by who wrote them. */
const COMPILED_MAX = 100;

function typeOf(schema: string): Type {
  let type = compiled.get(schema);
  if (type === undefined) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    type = avro.Type.forSchema(JSON.parse(schema) as never, {
      registry: { long: exactLong },
      wrapUnions: false,
    });
    compiled.set(schema, type);
  }
  return type;
}

export function writeContainer(
  schema: AvroSchema,
  meta: Readonly<Record<string, string>>,
  records: readonly unknown[],
): Buffer {
  const text = JSON.stringify(schema);
  const type = typeOf(text);
  const sync = randomBytes(SYNC_BYTES);
  const header = Object.entries({
    ...meta,
    'avro.schema': text,
    'avro.codec': 'deflate',
  }).map(([key, value]) => [key, Buffer.from(value, 'utf8')] as const);
  const parts = [MAGIC, headerMeta.toBuffer(Object.fromEntries(header)), sync];
  for (let at = 0; at < records.length; at += BLOCK_RECORDS_MAX) {
    const block = records.slice(at, at + BLOCK_RECORDS_MAX);
    const packed = deflateRawSync(Buffer.concat(block.map((record) => type.toBuffer(record))));
    parts.push(long.toBuffer(block.length), long.toBuffer(packed.length), packed, sync);
  }
  return Buffer.concat(parts);
}

/** @throws TypeError for bytes that are no container, or are packed in another way than deflate */
export function readContainer(bytes: Buffer): Container {
  const { header, end } = readHeader(bytes);
  const meta = Object.fromEntries(
    Object.entries(header.meta).map(([key, value]) => [key, value.toString('utf8')]),
  );
  const type = typeOf(meta['avro.schema'] ?? '');
  const unpack = unpackerOf(meta['avro.codec'] ?? 'null');
  const records: unknown[] = [];
  let at = end;
  while (at < bytes.length) {
    const count = decodeCount(bytes, at);
    const size = decodeCount(bytes, count.offset);
    const stop = size.offset + size.value;
    if (size.value < 0 || !bytes.subarray(stop, stop + SYNC_BYTES).equals(header.sync)) {
      throw new TypeError("A block does not end with the file's mark.");
    }
    readBlock(type, unpack(bytes.subarray(size.offset, stop)), count.value, records);
    at = stop + SYNC_BYTES;
  }
  return { meta, records };
}

function readHeader(bytes: Buffer): { header: Header; end: number } {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new TypeError('These bytes are no Avro container.');
  }
  const meta = decode(headerMeta, bytes, MAGIC.length);
  const end = meta.offset + SYNC_BYTES;
  return {
    header: { meta: meta.value as Header['meta'], sync: bytes.subarray(meta.offset, end) },
    end,
  };
}

function readBlock(type: Type, block: Buffer, count: number, into: unknown[]): void {
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const { value, offset } = decode(type, block, at);
    into.push(value);
    at = offset;
  }
}

function decode(type: Type, bytes: Buffer, at: number): { value: unknown; offset: number } {
  const decoded = type.decode(bytes, at);
  if (decoded.offset < 0) throw new TypeError('The bytes end within a record.');
  return decoded;
}

function decodeCount(bytes: Buffer, at: number): { value: number; offset: number } {
  const { value, offset } = decode(long, bytes, at);
  return { value: value as number, offset };
}

function unpackerOf(codec: string): (bytes: Buffer) => Buffer {
  if (codec === 'null') return (bytes) => bytes;
  if (codec === 'deflate') {
    return (bytes) => inflateRawSync(bytes, { maxOutputLength: BLOCK_BYTES_MAX });
  }
  throw new TypeError(`Avro packed as ${codec} is not read, only deflate.`);
}
