import { TargetRefused } from '../dispatcher.ts';
import type { ClusterApi, ClusterObject } from './clusterApi.ts';
import { readManifests } from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';
import { manifestInForce } from './manifestsInForce.ts';

/** Refusals that are told of one text: all are of one kind mostly, such as a namespace that is not there. */
const TOLD_MAX = 5;

/**
 * Applies what differs, and removes what has our labels and is not in the text, last. What one namespace refuses
 * hinders no other.
 * @param selector our labels
 * @throws TargetRefused with what was refused, once all others have been applied
 */
export async function applyManifests(
  api: ClusterApi,
  selector: string,
  text: string,
): Promise<void> {
  const items = readManifests(text);
  const found = new Map((await api.list(selector)).map((object) => [keyOf(object), object]));
  const refusals: string[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TargetRefused)) throw error;
      refusals.push(error.message);
    }
  };
  for (const item of items) {
    const object = found.get(keyOf(item));
    if (object !== undefined && isSame(manifestInForce(object), item)) continue;
    await attempt(() => applyOne(api, item));
  }
  const wanted = new Set(items.map(keyOf));
  for (const [key, object] of found) {
    if (!wanted.has(key)) await attempt(() => api.remove(object));
  }
  if (refusals.length > 0) throw new TargetRefused(refusals.slice(0, TOLD_MAX).join(' '));
}

/** What others have added to our bounds stays with an apply, for it is theirs, and is taken away by name. */
async function applyOne(api: ClusterApi, item: ResourceQuotaManifest): Promise<void> {
  const now = manifestInForce(await api.apply(item));
  const added = Object.keys(now.spec.hard).filter((key) => !Object.hasOwn(item.spec.hard, key));
  if (added.length > 0) await api.removeBounds(item, added);
}

const isSame = (a: ResourceQuotaManifest, b: ResourceQuotaManifest): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

function keyOf(object: ClusterObject | ResourceQuotaManifest): string {
  const { namespace, name } = manifestInForce(object as ClusterObject).metadata;
  return `${namespace}/${name}`;
}
