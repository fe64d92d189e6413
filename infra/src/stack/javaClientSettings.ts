import type { KafkaConnection } from '@prorata/kafka-port';

const security = 'org.apache.kafka.common.security';

/** The same connection in the words of Kafka's Java client. `caFile` must hold the `ca` of `tls`. */
export function javaClientSettings(
  connection: KafkaConnection,
  caFile: string,
): Readonly<Record<string, string>> {
  const { sasl, tls = false } = connection;
  const settings: Record<string, string> = {
    'bootstrap.servers': connection.brokers.join(','),
    'security.protocol': `${sasl === undefined ? '' : 'SASL_'}${tls === false ? 'PLAINTEXT' : 'SSL'}`,
  };
  if (sasl !== undefined) {
    const module = sasl.mechanism === 'plain' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
    settings['sasl.mechanism'] = sasl.mechanism.toUpperCase();
    settings['sasl.jaas.config'] =
      `${security}.${module} required username="${sasl.username}" password="${sasl.password}";`;
  }
  if (typeof tls !== 'boolean') {
    settings['ssl.truststore.type'] = 'PEM';
    settings['ssl.truststore.location'] = caFile;
  }
  return settings;
}
