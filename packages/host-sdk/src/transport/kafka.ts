import { Codec, registryIds } from '@prorata/schemas';

/** What `kafkaRules` and `kafkaUsage` are made with; it needs kafkajs, avsc and the registry's client. */
export { connectKafka } from '@prorata/kafka-port';
export type { KafkaConnection, LogPort, SaslCredentials } from '@prorata/kafka-port';
export type { Codec } from '@prorata/schemas';

/**
 * Messages by the ids of a schema registry.
 * @param namespace that topics and subjects begin with, where a cluster is shared
 */
export const registryCodec = (registryUrl: string, namespace = ''): Codec =>
  new Codec(registryIds(registryUrl), namespace);
