import type { LogRecord } from '@prorata/kafka-port';
import type { ReadCommand } from './readCommand.ts';

/**
 * Reads each record once, for as long as somebody holds it: a batch that ends early puts back what it has
 * not decided, and to decode and check a thousand signatures again each time costs more than to decide. What
 * could not be read, because the registry did not answer, is read anew.
 */
export function readOnce(
  read: (record: LogRecord) => Promise<ReadCommand>,
): (record: LogRecord) => Promise<ReadCommand> {
  const known = new WeakMap<LogRecord, ReadCommand>();
  return async (record) => {
    const before = known.get(record);
    if (before !== undefined) return before;
    const fresh = await read(record);
    known.set(record, fresh);
    return fresh;
  };
}
