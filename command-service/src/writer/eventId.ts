import { hash } from 'node:crypto';
import { uuidFromHash } from '@prorata/service-runtime';

/**
 * The id of the event at a stream's version: a UUID of version 8 from SHA-256 over both, so that a
 * second decision of the same event would have the same id.
 */
export function eventIdOf(stream: string, streamVersion: bigint): string {
  return uuidFromHash(hash('sha256', `${stream}\0${streamVersion}`, 'buffer'), 8);
}
