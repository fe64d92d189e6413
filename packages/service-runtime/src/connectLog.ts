import { connectKafka } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { warningsOf } from './settings.ts';
import type { LogSettings } from './settings.ts';

/** One client of the log for the whole process. `clientId` is the service's name, for the broker's logs and quotas. */
export function connectLog({ kafka }: Pick<LogSettings, 'kafka'>, clientId: string): LogPort {
  for (const warning of warningsOf(kafka)) process.emitWarning(warning);
  return connectKafka({
    clientId,
    brokers: kafka.brokers,
    ...(kafka.tls === false ? {} : { tls: kafka.tls }),
    ...(kafka.sasl === null ? {} : { sasl: kafka.sasl }),
  });
}
