import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { reread } from './reread.ts';
import type { RereadOptions, RereadSource, SourceHealth } from './reread.ts';

export interface RereadKeys {
  readonly keyOf: JWTVerifyGetKey;
  readonly health: () => SourceHealth;
}

/**
 * An issuer's keys, read again when they are a minute old, since keys are revoked, and sooner when a
 * token names one that is not there, since keys rotate.
 * @throws from `keyOf`: Problem 503 while no keys are known, JWKSNoMatchingKey
 */
export function rereadKeys(
  source: RereadSource<JSONWebKeySet>,
  options: RereadOptions = {},
): RereadKeys {
  const read = async (): Promise<JWTVerifyGetKey> => createLocalJWKSet(await source.read());
  const keys = reread({ ...source, read }, options);
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    const known = await keys.current();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const newer = await keys.again();
      if (newer === null) throw error;
      return newer(header, token);
    }
  };
  return { keyOf, health: keys.health };
}
