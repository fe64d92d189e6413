import { partitionOf } from '@prorata/kafka-port';
import type { LogRecord } from '@prorata/kafka-port';
import { parseStream } from '@prorata/quota-model';
import { fullNameOf, isFramed, UnreadableRecord } from '@prorata/schemas';
import type { Codec, CommandMessage, Message } from '@prorata/schemas';
import type { WriterCode } from '../outcomeCodes.ts';
import type { SignatureCheck } from '../signature/verifySignature.ts';

/** What of an unvouched key is repeated in an outcome. */
const UNTRUSTED_KEY_MAX = 256;

/** A record of quota.commands as far as it can be understood and trusted. */
export type ReadCommand =
  | {
      readonly kind: 'command';
      readonly record: LogRecord;
      readonly command: CommandMessage;
      readonly stream: string;
      /** When the gateway let it in, microseconds. */
      readonly signedAt: bigint;
    }
  | {
      readonly kind: 'refused';
      readonly record: LogRecord;
      readonly code: WriterCode;
      readonly message: string;
      /** null when nothing vouches for what the record says. */
      readonly command: CommandMessage | null;
      readonly stream: string;
    }
  | {
      readonly kind: 'unreadable';
      readonly record: LogRecord;
      readonly message: string;
      readonly stream: string;
    };

export interface CommandReading {
  readonly codec: Pick<Codec, 'decode'>;
  readonly partitions: number;
  readonly checkSignature: (record: LogRecord) => Promise<SignatureCheck>;
}

/**
 * Nothing is decoded but what a gateway signed: whoever can write to the topic could otherwise make
 * every owner of the partition do as much work as bytes can ask for.
 * @throws the registry's error when it does not answer: nothing is known of the record then.
 */
export async function readCommand(
  record: LogRecord,
  reading: CommandReading,
): Promise<ReadCommand> {
  const stream = (record.key ?? Buffer.alloc(0)).toString().slice(0, UNTRUSTED_KEY_MAX);
  if (!isFramed(record.value)) {
    const message = 'The value is not in the Confluent wire format.';
    return { kind: 'unreadable', record, message, stream };
  }
  const check = await reading.checkSignature(record);
  if (!check.ok) {
    const { code, message } = check;
    return { kind: 'refused', record, code, message, command: null, stream };
  }
  const decoded = await decodeCommand(record, reading.codec);
  if (typeof decoded === 'string') {
    return { kind: 'unreadable', record, message: decoded, stream };
  }
  const { signedAt } = check;
  const home = decoded.value.envelope.stream;
  if (isAtHome(record, decoded, reading.partitions)) {
    return { kind: 'command', record, command: decoded, stream: home, signedAt };
  }
  const message = `Partition ${record.partition} does not hold its stream.`;
  const code = 'COMMAND_MISROUTED';
  return { kind: 'refused', record, code, message, command: decoded, stream: home };
}

/** The command, or why it is none. */
async function decodeCommand(
  record: LogRecord,
  codec: Pick<Codec, 'decode'>,
): Promise<CommandMessage | string> {
  let message: Message;
  try {
    message = await codec.decode(record.value);
  } catch (error) {
    if (error instanceof UnreadableRecord) return error.message;
    throw error;
  }
  return isCommand(message) ? message : `${message.type} is no command.`;
}

function isCommand(message: Message): message is CommandMessage {
  return fullNameOf[message.type].startsWith('io.prorata.command.');
}

/** A stream decided in two partitions would be two streams. */
function isAtHome(record: LogRecord, command: CommandMessage, partitions: number): boolean {
  const { stream } = command.value.envelope;
  return (
    record.key?.toString() === stream &&
    parseStream(stream) !== null &&
    partitionOf(stream, partitions) === record.partition
  );
}
