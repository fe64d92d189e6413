import { LogRefused, LogUnavailable } from '../port.ts';

/**
 * The broker's words for a writer that is not the current one. A fenced writer and a transaction that
 * timed out look alike (both INVALID_PRODUCER_EPOCH), and an idle transactional id expires as an
 * unknown producer or mapping: in every case somebody must fence again.
 */
const ownershipCodes = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'TRANSACTION_COORDINATOR_FENCED',
]);

const tooLargeCodes = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Retriable for kafkajs, since the metadata of a new topic takes a moment; final once that has passed. */
const absentTopicCodes = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION']);

export interface KafkaFault {
  /** Kafka's name of a protocol error, or the name of kafkajs's error. */
  readonly code: string;
  readonly retriable: boolean;
}

/** What lies at the bottom of an error that kafkajs has wrapped, perhaps several times. */
export function faultOf(error: unknown): KafkaFault {
  let current: unknown = error;
  let name = 'Error';
  let retriable = false;
  // kafkajs nests its wrappers two or three deep; the bound only guards against a cycle.
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    const fields = current as { type?: unknown; retriable?: unknown; code?: unknown };
    if (typeof fields.type === 'string' && /^[A-Z_]+$/.test(fields.type)) {
      return { code: fields.type, retriable: fields.retriable !== false };
    }
    name = namesOfPort.get(current.name) ?? current.name;
    if (fields.retriable === true) retriable = true;
    if (name === 'KafkaJSNumberOfRetriesExceeded') retriable = true;
    if (current.cause === undefined) break;
    current = current.cause;
  }
  return { code: name, retriable: retriable || connectionFaults.has(name) };
}

/** What kafkajs says in its own words and the broker has a code for. */
const namesOfPort: ReadonlyMap<string, string> = new Map([
  ['KafkaJSSASLAuthenticationError', 'SASL_AUTHENTICATION_FAILED'],
]);

const connectionFaults = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSRequestTimeoutError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
]);

export function meansOwnershipLost(error: unknown): boolean {
  return ownershipCodes.has(faultOf(error).code);
}

export function meansTooLarge(error: unknown): boolean {
  return tooLargeCodes.has(faultOf(error).code);
}

export function meansAbsentTopic(error: unknown): boolean {
  return absentTopicCodes.has(faultOf(error).code);
}

/** What a caller gets when retrying has not helped, or would not. */
export function asLogError(error: unknown, doing: string): LogRefused | LogUnavailable {
  if (error instanceof LogRefused || error instanceof LogUnavailable) return error;
  const { code, retriable } = faultOf(error);
  const message = `${doing}: ${code}: ${error instanceof Error ? error.message : String(error)}`;
  return retriable && !absentTopicCodes.has(code)
    ? new LogUnavailable(message, { cause: error })
    : new LogRefused(code, message, { cause: error });
}
