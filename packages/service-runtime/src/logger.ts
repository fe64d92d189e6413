import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { LogLevel } from './settings.ts';
import { textWithoutSecrets, withoutSecrets } from './withoutSecrets.ts';

/**
 * JSON lines on stdout. No line carries a token, a password or an authorization header, also when
 * one stands in an error's message or among its properties.
 */
export function createLogger(
  name: string,
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }),
): Logger {
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      // `withoutSecrets` has made plain fields of it; pino's own would copy every property.
      serializers: { err: (error: unknown) => error },
      formatters: {
        level: (label) => ({ level: label }),
        bindings: withoutSecrets,
        log: withoutSecrets,
      },
      hooks: { streamWrite: textWithoutSecrets },
    },
    destination,
  );
}
