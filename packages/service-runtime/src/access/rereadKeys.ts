import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { Problem } from '../problem.ts';

export interface KeysOptions {
  /** Told when the keys cannot be read again; those known before hold until they can. Default: a warning of the process. */
  readonly onFault?: (error: Error) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
}

export interface KeysSource {
  /** Where the keys are, for the message of a fault. */
  readonly place: string;
  readonly read: () => Promise<JSONWebKeySet>;
  /** How long keys are believed that cannot be read again, milliseconds. */
  readonly heldMsMax: number;
}

/** A flood of tokens with unknown key ids must not become a flood of reads, milliseconds. */
const READS_APART_MS = 10_000;
/** How long a key that was taken away is still believed, milliseconds. */
const KEYS_AGE_MAX_MS = 60_000;
const RETRY_AFTER_S = 10;

/**
 * An issuer's keys, read again when they are a minute old, since keys are revoked, and sooner when a
 * token names one that is not there, since keys rotate; one reading at a time, ten seconds apart when
 * it fails or finds nothing new.
 * @throws from what is returned: Problem 503 while no keys are known, JWKSNoMatchingKey
 */
export function rereadKeys(
  source: KeysSource,
  { onFault = warn, now = () => performance.now() }: KeysOptions = {},
): JWTVerifyGetKey {
  let known: { readonly keys: JWTVerifyGetKey; readonly readAtMs: number } | null = null;
  let triedAtMs = -Infinity;
  let reading: Promise<void> | null = null;

  async function readOnce(): Promise<void> {
    triedAtMs = now();
    try {
      const keys = createLocalJWKSet(await source.read());
      known = { keys, readAtMs: now() };
    } catch (cause) {
      onFault(new Error(`The keys of ${source.place} cannot be read.`, { cause }));
    }
  }
  const read = (): Promise<void> => {
    reading ??= readOnce().finally(() => (reading = null));
    return reading;
  };
  /** What is known and not too old to be believed. @throws Problem 503 */
  const believed = (): JWTVerifyGetKey => {
    if (known !== null && now() - known.readAtMs <= KEYS_AGE_MAX_MS + source.heldMsMax) {
      return known.keys;
    }
    const detail = `The keys of ${source.place} cannot be read: who you are cannot be told.`;
    const headers = { 'retry-after': `${RETRY_AFTER_S}` };
    throw new Problem(503, 'ISSUER_UNAVAILABLE', detail, { headers });
  };
  const mayTry = (): boolean => reading !== null || now() - triedAtMs > READS_APART_MS;

  return async (header, token) => {
    const isOld = known === null || now() - known.readAtMs > KEYS_AGE_MAX_MS;
    if (isOld && mayTry()) await read();
    const keys = believed();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayTry()) throw error;
      await read();
      return believed()(header, token);
    }
  };
}

function warn(error: Error): void {
  process.emitWarning(error);
}
