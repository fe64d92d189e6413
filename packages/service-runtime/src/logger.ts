import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { LogLevel } from './settings.ts';

const REDACTED = '[redacted]';
const SECRET_NAME = /authorization|cookie|password|passwd|secret|token|private_?key|credential/i;
/** Names that match above and hold no secret. */
const HARMLESS_NAME = /^(tokens?|tokensPer\w*)$/;
/** A JWT, a bearer header, the user part of a URL, `password=…`: wherever in a line they turn up, messages and stacks included. */
const SECRET_TEXT =
  /(eyJ[\w-]{5,}\.[\w-]+\.[\w-]+)|(?<=\bBearer )[^\s"\\]+|(?<=:\/\/)[^\s"/@\\]+:[^\s"/@\\]+(?=@)|(?<=\b(?:password|passwd|secret|token)=)[^\s&"\\]+/gi;
/** Deeper objects are cut off rather than searched: nobody logs them on purpose. */
const DEPTH_MAX = 6;

/**
 * JSON lines on stdout. No line carries a token, a password or an authorization header, also when
 * one stands in an error's message.
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
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => withoutSecrets(fields, 0) as Record<string, unknown>,
      },
      hooks: { streamWrite: (line) => line.replace(SECRET_TEXT, REDACTED) },
    },
    destination,
  );
}

function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecret(name, item) ? REDACTED : withoutSecrets(item, depth + 1),
    ]),
  );
}

function isSecret(name: string, value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return false;
  if (HARMLESS_NAME.test(name) && typeof value !== 'string') return false;
  return SECRET_NAME.test(name);
}
