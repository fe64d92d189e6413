import type { Type } from 'avsc';
import { avroTypeOf } from './avroTypes.ts';
import { canonicalHash, sparseHash } from './canonical.ts';
import type { Message } from './generated/messages.ts';
import { fullNameOf } from './generated/messages.ts';
import { subjectOf } from './manifest.ts';
import { UnreadableRecord, UnwritableRecord } from './recordErrors.ts';
import { selfContained } from './schemaFiles.ts';
import type { SchemaJson } from './schemaFiles.ts';

const MAGIC = 0;
const HEADER_BYTES = 5;
/** Writer schemas kept: one per message and version ever written; beyond it something is wrong. */
const WRITERS_MAX = 5_000;

/** What the codec asks of a schema registry. */
export interface SchemaIds {
  /** The id of exactly this schema under the subject. Never registers it. */
  idOf(subject: string, schema: string): Promise<number>;
  /** The schema's text as the registry keeps it. @throws UnreadableRecord when there is no such id */
  schemaOf(id: number): Promise<string>;
}

interface Writer {
  readonly schema: SchemaJson;
  readonly type: Type;
  readonly short: Message['type'];
  readonly reader: Type;
  /** From the writer's fields to ours; undefined where they are the same. */
  readonly resolver: ReturnType<Type['createResolver']> | undefined;
}

const readers = new Map<string, Type>();

function readerOf(fullName: string): Type {
  let type = readers.get(fullName);
  if (type === undefined) {
    type = avroTypeOf(selfContained(fullName));
    readers.set(fullName, type);
  }
  return type;
}

/**
 * Records to bytes and back in the Confluent wire format (magic 0, 4-byte schema id, Avro body).
 * Resolvers are cached by writer id: building one per record, as the registry's library does, costs
 * 400 times the decoding.
 */
export class Codec {
  readonly #ids: SchemaIds;
  readonly #namespace: string;
  readonly #idsBySubject = new Map<string, number>();
  readonly #writers = new Map<number, Writer>();
  readonly #loading = new Map<number, Promise<Writer>>();

  constructor(ids: SchemaIds, namespace = '') {
    this.#ids = ids;
    this.#namespace = namespace;
  }

  /**
   * @param topic without the namespace
   * @throws UnwritableRecord, or the registry's error when the subject lacks the schema
   */
  async encode(topic: string, message: Message): Promise<Buffer> {
    const fullName = fullNameOf[message.type];
    const subject = subjectOf(topic, fullName, this.#namespace);
    let id = this.#idsBySubject.get(subject);
    if (id === undefined) {
      id = await this.#ids.idOf(subject, JSON.stringify(selfContained(fullName)));
      this.#idsBySubject.set(subject, id);
    }
    return this.#frame(id, fullName, message.value);
  }

  #frame(id: number, fullName: string, value: unknown): Buffer {
    let body: Buffer;
    try {
      body = readerOf(fullName).toBuffer(value);
    } catch {
      throw new UnwritableRecord(fullName, misfits(fullName, value));
    }
    const framed = Buffer.allocUnsafe(HEADER_BYTES + body.length);
    framed.writeUInt8(MAGIC, 0);
    framed.writeUInt32BE(id, 1);
    body.copy(framed, HEADER_BYTES);
    return framed;
  }

  /** @throws UnreadableRecord for bad bytes; the registry's error when it does not answer. */
  async decode(bytes: Buffer | null): Promise<Message> {
    const writer = this.#knownWriter(bytes) ?? (await this.#writerOf(bytes));
    return { type: writer.short, value: read(writer, bytes, true) } as Message;
  }

  /** As `decode`; null: the registry has to be asked for its schema first. @throws UnreadableRecord */
  decodeKnown(bytes: Buffer | null): Message | null {
    const writer = this.#knownWriter(bytes);
    if (writer === undefined) return null;
    return { type: writer.short, value: read(writer, bytes, true) } as Message;
  }

  /**
   * The SHA-256 of a record's canonical form, in the fields of the schema that wrote it, which may
   * be older or newer than ours.
   */
  async hash(bytes: Buffer | null): Promise<Buffer> {
    const writer = this.#knownWriter(bytes) ?? (await this.#writerOf(bytes));
    return canonicalHash(writer.schema, read(writer, bytes, false));
  }

  /**
   * A record in the fields of the schema that wrote it, and that schema: what canonical bytes are of.
   * @throws as `decode`
   */
  async asWritten(
    bytes: Buffer | null,
  ): Promise<{ readonly schema: SchemaJson; readonly value: unknown }> {
    const writer = this.#knownWriter(bytes) ?? (await this.#writerOf(bytes));
    return { schema: writer.schema, value: read(writer, bytes, false) };
  }

  /** Without a turn of the loop, for all records but the first of a schema. */
  #knownWriter(bytes: Buffer | null): Writer | undefined {
    return bytes !== null && isFramed(bytes) ? this.#writers.get(bytes.readUInt32BE(1)) : undefined;
  }

  async #writerOf(bytes: Buffer | null): Promise<Writer> {
    if (bytes === null || !isFramed(bytes)) {
      throw new UnreadableRecord('The value is not in the Confluent wire format.');
    }
    const id = bytes.readUInt32BE(1);
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      if (this.#writers.size + this.#loading.size >= WRITERS_MAX) {
        throw new UnreadableRecord(`Too many schemas: ${id}.`);
      }
      loading = this.#load(id);
      this.#loading.set(id, loading);
    }
    // A failure may pass (the registry restarts), so it is not remembered.
    return loading.finally(() => this.#loading.delete(id));
  }

  async #load(id: number): Promise<Writer> {
    const text = await this.#ids.schemaOf(id);
    // From here on the registry has answered: whatever is wrong is the record's, and will not pass.
    try {
      const writer = writerOf(id, text);
      this.#writers.set(id, writer);
      return writer;
    } catch (cause) {
      if (cause instanceof UnreadableRecord) throw cause;
      throw new UnreadableRecord(`Schema ${id} is no Avro that this version can read.`, { cause });
    }
  }
}

/** Whether the bytes begin as the Confluent wire format does; says nothing of the body. */
export function isFramed(bytes: Buffer | null): boolean {
  return bytes !== null && bytes.length >= HEADER_BYTES && bytes.readUInt8(0) === MAGIC;
}

function writerOf(id: number, text: string): Writer {
  const schema = JSON.parse(text) as SchemaJson;
  const type = avroTypeOf(schema);
  const fullName = type.name ?? '';
  const short = fullName.slice(fullName.lastIndexOf('.') + 1) as Message['type'];
  if (fullNameOf[short] !== fullName) {
    throw new UnreadableRecord(`Schema ${id} is ${fullName}, which this version does not know.`);
  }
  const reader = readerOf(fullName);
  const isOurs = JSON.stringify(schema) === JSON.stringify(selfContained(fullName));
  const resolver = isOurs ? undefined : reader.createResolver(type);
  return { schema, type, short, reader, resolver };
}

function read(writer: Writer, bytes: Buffer | null, resolve: boolean): unknown {
  const body = (bytes ?? Buffer.alloc(0)).subarray(HEADER_BYTES);
  try {
    return resolve ? writer.reader.fromBuffer(body, writer.resolver) : writer.type.fromBuffer(body);
  } catch (cause) {
    throw new UnreadableRecord(`The body is not a ${writer.short}.`, { cause });
  }
}

function misfits(fullName: string, value: unknown): string[] {
  const paths: string[] = [];
  readerOf(fullName).isValid(value, { errorHook: (path) => paths.push('/' + path.join('/')) });
  return paths.length > 0 ? paths : ['/'];
}

/** The hash of a record that is about to be written in our own schema. */
export function hashOf(message: Message): Buffer {
  return canonicalHash(selfContained(fullNameOf[message.type]), message.value);
}

/** As `hashOf`, and equal through a change of the schema that adds fields with defaults. */
export function sparseHashOf(message: Message): Buffer {
  return sparseHash(selfContained(fullNameOf[message.type]), message.value);
}
