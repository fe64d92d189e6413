import type { LogRecord, OutRecord } from '@prorata/kafka-port';
import { UnwritableRecord } from '@prorata/schemas';
import type { Codec, CommandOutcome, Message } from '@prorata/schemas';
import type { StampedEvent } from './stampEvents.ts';
import { writerTopicNames } from './writerTopics.ts';
import type { WriterTopics } from './writerTopics.ts';

/** A dead letter is cut here, so that no garbage can be too large for an append, bytes. */
const DEAD_LETTER_BYTES_MAX = 500_000;
const KEY_BYTES_MAX = 1_024;

/** The schema registry gave no id for what is to be written; it may a moment later. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
}

export type EncodeFor = (name: keyof typeof writerTopicNames, message: Message) => Promise<Buffer>;

/** @returns an encoder that throws UnwritableRecord (our fault) or RegistryUnavailable (try again). */
export function encoder(codec: Pick<Codec, 'encode'>): EncodeFor {
  return async (name, message) => {
    try {
      return await codec.encode(writerTopicNames[name], message);
    } catch (error) {
      if (error instanceof UnwritableRecord) throw error;
      throw new RegistryUnavailable(`No schema id for ${message.type}.`, { cause: error });
    }
  };
}

export async function eventRecord(
  event: StampedEvent,
  partition: number,
  topics: WriterTopics,
  encode: EncodeFor,
): Promise<OutRecord> {
  const key = Buffer.from(event.message.value.envelope.stream);
  return { topic: topics.events, partition, key, value: await encode('events', event.message) };
}

export async function outcomeRecord(
  outcome: CommandOutcome,
  partition: number,
  topics: WriterTopics,
  encode: EncodeFor,
): Promise<OutRecord> {
  const value = await encode('outcomes', { type: 'CommandOutcome', value: outcome });
  return { topic: topics.outcomes, partition, key: Buffer.from(outcome.stream), value };
}

/** The bytes as they came, with what is wrong and where they stood. */
export function deadLetter(record: LogRecord, code: string, topics: WriterTopics): OutRecord {
  const { key, value } = record;
  const cut = value !== null && value.length > DEAD_LETTER_BYTES_MAX;
  return {
    topic: topics.deadLetters,
    partition: record.partition,
    key: Buffer.from(`${record.partition}`),
    value: cut ? value.subarray(0, DEAD_LETTER_BYTES_MAX) : value,
    headers: {
      'error-code': code,
      'source-topic': record.topic,
      'source-partition': `${record.partition}`,
      'source-offset': `${record.offset}`,
      ...(key === null ? {} : { 'source-key': key.subarray(0, KEY_BYTES_MAX) }),
      ...(cut ? { 'source-bytes': `${value.length}` } : {}),
    },
  };
}
