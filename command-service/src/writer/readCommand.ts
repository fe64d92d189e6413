import { partitionOf } from '@prorata/kafka-port';
import type { LogRecord } from '@prorata/kafka-port';
import { parseStream } from '@prorata/quota-model';
import { fullNameOf, UnreadableRecord } from '@prorata/schemas';
import type { Codec, CommandMessage, Message } from '@prorata/schemas';
import type { WriterCode } from '../outcomeCodes.ts';
import type { SignatureCheck } from '../signature/verifySignature.ts';
import { RECENT_MICROS } from './recentCommands.ts';

/**
 * A signature older than a command id is remembered would let a copied record be decided again, so a
 * command that waited that long is refused, microseconds.
 */
const AGE_MAX_MICROS = RECENT_MICROS;
/** Clocks of gateway and writer differ by less, microseconds. */
const AHEAD_MAX_MICROS = 5n * 60n * 1_000_000n;
/** What of an unvouched key is repeated in an outcome. */
const UNTRUSTED_KEY_MAX = 256;

/** A record of quota.commands as far as it can be understood and trusted. */
export type ReadCommand =
  | {
      readonly kind: 'command';
      readonly record: LogRecord;
      readonly command: CommandMessage;
      readonly stream: string;
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
  /** Microseconds. */
  readonly now: () => bigint;
}

/** @throws the registry's error when it does not answer: nothing is known of the record then. */
export async function readCommand(
  record: LogRecord,
  reading: CommandReading,
): Promise<ReadCommand> {
  const stream = (record.key ?? Buffer.alloc(0)).toString().slice(0, UNTRUSTED_KEY_MAX);
  const decoded = await decodeCommand(record, reading.codec);
  if (typeof decoded === 'string') {
    return { kind: 'unreadable', record, message: decoded, stream };
  }
  const check = await reading.checkSignature(record);
  if (!check.ok) {
    const { code, message } = check;
    return { kind: 'refused', record, code, message, command: null, stream };
  }
  const refused = (code: WriterCode, message: string): ReadCommand => ({
    kind: 'refused',
    record,
    code,
    message,
    command: decoded,
    stream: decoded.value.envelope.stream,
  });
  const age = reading.now() - check.signedAt;
  if (age > AGE_MAX_MICROS) {
    return refused('COMMAND_TOO_OLD', `It was signed ${age / 1_000_000n} seconds ago.`);
  }
  if (-age > AHEAD_MAX_MICROS) {
    return refused(
      'COMMAND_SIGNATURE_INVALID',
      `It was signed ${-age / 1_000_000n} seconds ahead of the writer's clock.`,
    );
  }
  if (!isAtHome(record, decoded, reading.partitions)) {
    return refused('COMMAND_MISROUTED', `Partition ${record.partition} does not hold its stream.`);
  }
  return { kind: 'command', record, command: decoded, stream: decoded.value.envelope.stream };
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
