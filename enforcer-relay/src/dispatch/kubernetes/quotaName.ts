import { createHash } from 'node:crypto';

/** A DNS subdomain, which the name of a ResourceQuota is, has no more characters. */
const NAME_LENGTH_MAX = 253;
/** 100 bits. */
const HASH_CHARACTERS = 25;

/**
 * `prorata.training.research.vision`: the quota's path with dots, which no segment holds, so that two paths are
 * never alike. A path that is too long keeps its beginning and gets a hash, after a word that no application's
 * first segment can be mistaken for.
 */
export function resourceQuotaName(quotaId: string): string {
  const name = `prorata.${quotaId.replaceAll('/', '.')}`;
  if (name.length <= NAME_LENGTH_MAX) return name;
  const hash = createHash('sha256').update(quotaId).digest('hex').slice(0, HASH_CHARACTERS);
  const room = NAME_LENGTH_MAX - 'prorata-long..'.length - HASH_CHARACTERS;
  const beginning = quotaId
    .replaceAll('/', '.')
    .slice(0, room)
    .replace(/[.-]+$/, '');
  return `prorata-long.${beginning}.${hash}`;
}
