import { byCodeUnit, measureOf, parentOf, thousandthsOf } from '@prorata/quota-model';
import type { KubernetesSettings } from '@prorata/quota-model';
import type { DispatchedSet, Format, HeldLimit, Rendered } from '../dispatcher.ts';
import { manifestsText, readManifests } from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';
import { manifestOfQuota } from './manifestOfQuota.ts';
import { MANIFESTS_MAX, manifestProblems } from './manifestProblems.ts';
import { manifestSettingsOf } from './manifestSettings.ts';
import type { HardBound } from './manifestSettings.ts';
import { thousandthsIn } from './quantity.ts';
import { resourceQuotaName } from './quotaName.ts';

/** Said before a text of a million objects is made, which would hold the relay up. */
const TOO_MANY = `More than ${MANIFESTS_MAX} quotas stand for namespaces: more objects are not kept.`;
const COUNTED_ALONE = 'Kubernetes cannot count without holding, so nothing is held';

/**
 * A ResourceQuota for every quota that stands for a namespace, or for the pods of its tier there.
 * @param settings as registered; what is made without a dispatcher has none
 */
export function kubernetesFormat(
  dispatcher: string,
  settings: Partial<KubernetesSettings>,
): Format {
  return {
    render: (set) => render(dispatcher, settings, set),
    check: manifestProblems,
    held: (text, set) => held(dispatcher, settings, text, set),
  };
}

function render(
  dispatcher: string,
  settings: Partial<KubernetesSettings>,
  set: DispatchedSet,
): Rendered {
  const full = manifestSettingsOf(dispatcher, settings, set.application, set.resources);
  if (typeof full === 'string') return { kind: 'refused', reasons: [full] };
  const reasons: string[] = [];
  const notes: string[] = [];
  const parents = new Set(set.quotas.map(({ rule }) => parentOf(rule.quotaId)));
  const items: ResourceQuotaManifest[] = [];
  for (const quota of set.quotas) {
    const manifest = manifestOfQuota(quota, full, !parents.has(quota.rule.quotaId));
    if (manifest === null) continue;
    const { quotaId, tier, mode } = quota.rule;
    if (full.priorityClasses?.has(tier) === false) {
      reasons.push(`${quotaId} is of tier ${tier}, which has no priority class in the settings.`);
    }
    if (mode !== 'enforce') notes.push(`${quotaId}: ${COUNTED_ALONE} in mode ${mode}.`);
    items.push(manifest);
    if (items.length > MANIFESTS_MAX) return { kind: 'refused', reasons: [TOO_MANY] };
  }
  const [first, ...rest] = reasons;
  if (first !== undefined) return { kind: 'refused', reasons: [first, ...rest] };
  return { kind: 'text', text: manifestsText(items.toSorted(byPlace)), notes };
}

/** By namespace, then by name: as whoever reads them back has them. */
export function byPlace(a: ResourceQuotaManifest, b: ResourceQuotaManifest): number {
  return (
    byCodeUnit(a.metadata.namespace, b.metadata.namespace) ||
    byCodeUnit(a.metadata.name, b.metadata.name)
  );
}

function held(
  dispatcher: string,
  settings: Partial<KubernetesSettings>,
  text: string,
  set: DispatchedSet,
): readonly HeldLimit[] {
  const full = manifestSettingsOf(dispatcher, settings, set.application, set.resources);
  if (typeof full === 'string') return [];
  const quotas = new Map(
    set.quotas.map(({ rule }) => [resourceQuotaName(rule.quotaId), rule.quotaId]),
  );
  return readManifests(text).flatMap((item) => {
    const quotaId = quotas.get(item.metadata.name);
    if (quotaId === undefined) return [];
    return full.hard.map((bound) => ({
      quotaId,
      resource: bound.resource,
      most: mostOf(bound, item.spec.hard[bound.key]),
    }));
  });
}

/** In the resource's own unit, rounded up; what is not there bounds nothing. */
function mostOf({ key, unit }: HardBound, quantity: string | undefined): bigint | 'unlimited' {
  const measure = measureOf(key);
  const each = measure === null ? null : thousandthsOf(measure, unit);
  const thousandths = quantity === undefined ? null : thousandthsIn(quantity);
  if (each === null || thousandths === null) return 'unlimited';
  return (thousandths + each - 1n) / each;
}
