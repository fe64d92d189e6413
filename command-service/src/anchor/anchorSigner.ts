import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { requireSetting } from '@prorata/service-runtime';
import type { Settings } from '@prorata/service-runtime';
import type { AnchorParts } from './anchorEvent.ts';

/** Between two anchors of a partition unless an operator says otherwise, seconds: the blind window of a quiet day. */
const ANCHOR_SECONDS = 60;
const MICROS_PER_SECOND = 1_000_000n;

/**
 * How the writer anchors; null when it has no key for that.
 * @throws SettingsError when the key has no name, TypeError when it is no Ed25519 key
 */
export async function anchorPartsFrom(settings: Settings): Promise<AnchorParts | null> {
  const { keyFile = null, keyId = null, seconds = null } = settings.anchors ?? {};
  if (keyFile === null) return null;
  const name = requireSetting(keyId, 'PRORATA_ANCHOR_KEY_ID', 'the name of the key of anchors');
  const key = createPrivateKey(await readFile(keyFile, 'utf8'));
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('The key of anchors must be an Ed25519 key.');
  }
  return {
    everyMicros: BigInt(seconds ?? ANCHOR_SECONDS) * MICROS_PER_SECOND,
    keyId: name,
    sign: (bytes) => sign(null, bytes, key),
  };
}
