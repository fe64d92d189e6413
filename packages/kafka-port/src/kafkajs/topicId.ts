import { LogRefused } from '../port.ts';

const METADATA = 3;
/** The first that may be asked by name and answers with ids: Kafka 3.1. */
const VERSION = 12;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const ID_BYTES = 16;
const NO_ID = '00000000-0000-0000-0000-000000000000';
/** A broker's answer names itself, its cluster and one topic. */
const ANSWER_BROKERS_MAX = 100_000;

interface RawRequest {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    /** What kafkajs takes for an encoder of its own: it tells one by `buf`, and reads `buffer`. */
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(payload: Buffer): Promise<TopicAnswer>;
    parse(answer: TopicAnswer): Promise<TopicAnswer>;
  };
}

/** As kafkajs has it; its types leave requests of one's own out. */
export interface SendsRaw {
  readonly versions: { readonly [METADATA]?: { readonly maxVersion: number } } | null;
  readonly connectionPool: { send(request: RawRequest): Promise<TopicAnswer> };
}

export interface TopicAnswer {
  readonly errorCode: number;
  readonly id: string;
  /** What kafkajs reads of every answer, milliseconds. */
  readonly clientSideThrottleTime: number;
}

/**
 * The id that the cluster gave the topic when it was made: another one under the same name has another.
 * kafkajs knows no request that tells it, so this asks by its connections.
 * Source: Kafka's protocol, Metadata version 12 (KIP-516), with the flexible headers of KIP-482.
 * @returns null from a broker that has no ids
 * @throws LogRefused when there is no such topic
 */
export async function askTopicId(broker: SendsRaw, topic: string): Promise<string | null> {
  if ((broker.versions?.[METADATA]?.maxVersion ?? 0) < VERSION) return null;
  const bytes = encodeTopicRequest(topic);
  const { errorCode, id } = await broker.connectionPool.send({
    request: {
      apiKey: METADATA,
      apiVersion: VERSION,
      apiName: 'Metadata',
      encode: () => Promise.resolve({ buf: bytes, buffer: bytes }),
    },
    response: {
      decode: (payload) => Promise.resolve(decodeTopicAnswer(payload)),
      parse: (answer) => Promise.resolve(answer),
    },
  });
  if (errorCode === UNKNOWN_TOPIC_OR_PARTITION) {
    throw new LogRefused('UNKNOWN_TOPIC_OR_PARTITION', `There is no ${topic}.`);
  }
  if (errorCode !== 0) throw new Error(`Metadata of ${topic} has the error ${errorCode}.`);
  return id === NO_ID ? null : id;
}

/** What follows the client's name, the header's empty list of tagged fields first. */
export function encodeTopicRequest(topic: string): Buffer {
  const name = Buffer.from(topic);
  return Buffer.concat([
    Buffer.from([0, ...compact(1)]),
    Buffer.alloc(ID_BYTES),
    Buffer.from(compact(name.length)),
    name,
    // The topic's tagged fields; no topic is made, no operations are asked for; tagged fields.
    Buffer.from([0, 0, 0, 0]),
  ]);
}

/** Lengths are written one higher, so that zero says null. */
function compact(length: number): number[] {
  const bytes: number[] = [];
  let rest = length + 1;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** What follows the correlation id, up to the topic's id. @throws RangeError on bytes that end too soon */
export function decodeTopicAnswer(payload: Buffer): TopicAnswer {
  const reader = new FlexibleReader(payload);
  reader.skipTagged();
  const clientSideThrottleTime = reader.int32();
  const brokers = reader.length();
  if (brokers > ANSWER_BROKERS_MAX) throw new RangeError('An answer of so many brokers is none.');
  for (let broker = 0; broker < brokers; broker += 1) {
    reader.int32();
    reader.skip(reader.length());
    reader.int32();
    reader.skip(reader.length());
    reader.skipTagged();
  }
  reader.skip(reader.length());
  reader.int32();
  if (reader.length() < 1) throw new RangeError('An answer without a topic.');
  const errorCode = reader.int16();
  reader.skip(reader.length());
  return { errorCode, id: reader.uuid(), clientSideThrottleTime };
}

class FlexibleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  uuid(): string {
    const hex = this.#bytes.toString('hex', this.#at, this.#at + ID_BYTES);
    if (hex.length < 2 * ID_BYTES) throw new RangeError('An id is cut off.');
    this.#at += ID_BYTES;
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  /** Of a list or a text; 0 of one that is null. */
  length(): number {
    return Math.max(0, this.#unsigned() - 1);
  }

  skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('An answer is cut off.');
  }

  skipTagged(): void {
    for (let left = this.#unsigned(); left > 0; left -= 1) {
      this.#unsigned();
      this.skip(this.#unsigned());
    }
  }

  #unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#at);
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('A length is longer than any.');
  }
}
