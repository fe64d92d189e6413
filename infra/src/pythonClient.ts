import { pythonEnvironment } from './provision/pythonEnvironment.ts';
import type { FoundPython } from './provision/pythonEnvironment.ts';

/** A Python with a Kafka client, and Ed25519, that share no code with ours, or the reason why there is none. */
export function pythonClient(): Promise<FoundPython> {
  return pythonEnvironment({
    name: 'confluent-kafka-2.16.0-cryptography-50.0.2',
    packages: ['confluent-kafka[avro,schemaregistry]==2.16.0', 'cryptography==50.0.2'],
    purpose: 'its Kafka client',
  });
}
