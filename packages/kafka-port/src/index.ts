export * from './port.ts';
export { appendLimits, checkAppendLimits, recordBytes } from './appendLimits.ts';
export { partitionOf } from './partitionOf.ts';
export { transactionalId } from './transactionalId.ts';
export { connectKafka } from './kafkajs/connectKafka.ts';
export type { KafkaConnection, SaslCredentials } from './kafkajs/client.ts';
export { publisherLimits } from './kafkajs/publisher.ts';
