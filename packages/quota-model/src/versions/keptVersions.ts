/**
 * Which contents a quota had: short hashes of the last ones, so that an earlier version which comes back
 * with a command can be told from one that never was. One text a quota, `<version>:<hash> …`, the oldest
 * first and the present one last: a million quotas must be able to have one (docs/adr/0010-…).
 */
import type { QuotaState } from '../model.ts';
import { contentHash } from './contentHash.ts';

/** Contents of one quota that can be checked, the present one included: some 640 bytes. */
export const VERSIONS_KEPT_MAX = 32;

/**
 * Digits of a hash that are kept, 8 bytes: against mistakes. What a forger would win is only what a change gives
 * to whoever may make it, and events carry the whole hash.
 */
const KEPT_HASH_DIGITS = 16;

interface KeptVersion {
  /** The first version with this content. */
  readonly since: bigint;
  readonly hash: string;
}

type Versioned = Pick<QuotaState, 'content' | 'version' | 'versions'>;

/**
 * What is kept once a quota has other content; null in a quota stands for the content of its creation.
 *
 * @param version of the quota with the new content
 * @param hash of the new content, whole
 */
export function versionsWith(quota: Versioned, version: bigint, hash: string): string {
  const before = quota.versions ?? `1:${shortHash(contentHash(quota.content))}`;
  const entries = [...before.split(' '), `${version.toString()}:${shortHash(hash)}`];
  return entries.slice(-VERSIONS_KEPT_MAX).join(' ');
}

/** What is kept of the content that held at the version; null: it is too long ago. */
export function keptAt(quota: Versioned, version: bigint): KeptVersion | null {
  return keptVersions(quota).findLast(({ since }) => since <= version) ?? null;
}

/** The first version with the present content: what raised the version since did not alter it. */
export function contentSince({ versions }: Pick<QuotaState, 'versions'>): bigint {
  const [since = '1'] = (versions?.split(' ').at(-1) ?? '').split(':');
  return since === '' ? 1n : BigInt(since);
}

/** The oldest version whose content can be checked. */
export function oldestKept(quota: Versioned): bigint {
  return keptVersions(quota)[0]?.since ?? 1n;
}

/** A hash as it is kept. */
export function shortHash(hash: string): string {
  return hash.slice(0, KEPT_HASH_DIGITS);
}

function keptVersions({ content, versions }: Versioned): KeptVersion[] {
  if (versions === null) return [{ since: 1n, hash: shortHash(contentHash(content)) }];
  return versions.split(' ').map((entry) => {
    const [since = '', hash = ''] = entry.split(':');
    return { since: BigInt(since), hash };
  });
}
