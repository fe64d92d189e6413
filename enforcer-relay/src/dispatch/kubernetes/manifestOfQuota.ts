import type { ResourceLimit } from '@prorata/schemas';
import type { DispatchedQuota } from '../dispatcher.ts';
import { byCodeUnit, measureOf, thousandthsOf } from '@prorata/quota-model';
import {
  APPLICATION_LABEL,
  DISPATCHER_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NOTE_ANNOTATION,
  QUOTA_ANNOTATION,
} from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';
import type { ManifestSettings } from './manifestSettings.ts';
import { namespaceOf } from './namespaceOf.ts';
import { quantityText, thousandthsMax } from './quantity.ts';
import { resourceQuotaName } from './quotaName.ts';

/** What a quota becomes; null: it stands for no namespace, or nothing of it is held there. */
export function manifestOfQuota(
  { rule, attributes }: DispatchedQuota,
  settings: ManifestSettings,
  isLeaf: boolean,
): ResourceQuotaManifest | null {
  const namespace = namespaceOf(settings.namespace, rule.quotaId, attributes, isLeaf);
  if (namespace === null) return null;
  const held = settings.hard.flatMap(({ key, resource, unit }) => {
    const limit = rule.limits.find((one) => one.resource === resource);
    return limit === undefined ? [] : [{ key, unit, limit }];
  });
  if (held.length === 0) return null;
  const isEnforced = rule.mode === 'enforce';
  const hard = held.flatMap(({ key, unit, limit }) => {
    const quantity = isEnforced ? quantityOf(key, unit, limit) : null;
    return quantity === null ? [] : [[key, quantity] as const];
  });
  const note = isEnforced ? {} : { [NOTE_ANNOTATION]: `${rule.mode}: nothing is held` };
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: {
      name: resourceQuotaName(rule.quotaId),
      namespace,
      labels: {
        [MANAGED_BY_LABEL]: MANAGED_BY,
        [APPLICATION_LABEL]: settings.application,
        [DISPATCHER_LABEL]: settings.dispatcher,
      },
      annotations: { [QUOTA_ANNOTATION]: rule.quotaId, ...note },
    },
    spec: { hard: sorted(hard), ...scopeOf(rule.tier, settings) },
  };
}

/** By name, so that the same bounds are the same text. */
function sorted(hard: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(hard.toSorted(([a], [b]) => byCodeUnit(a, b)));
}

/** null: explicitly without end, which Kubernetes says by saying nothing. Blocked is 0: none there. */
function quantityOf(key: string, unit: string, limit: ResourceLimit): string | null {
  if (limit.bound === 'unlimited') return null;
  const measure = measureOf(key);
  const each = measure === null ? null : thousandthsOf(measure, unit);
  if (measure === null || each === null) throw new RangeError(`${key} does not count in ${unit}.`);
  const thousandths = limit.bound === 'blocked' ? 0n : limit.amount * each;
  const most = thousandthsMax(key, measure);
  // Less than is meant, and more than any cluster has.
  return quantityText(thousandths > most ? most : thousandths);
}

/** A tier without classes of its own has none that pods could have: nothing is rendered for it. */
function scopeOf(
  tier: number,
  { priorityClasses }: ManifestSettings,
): Pick<ResourceQuotaManifest['spec'], 'scopeSelector'> {
  const values = priorityClasses?.get(tier);
  if (values === undefined) return {};
  return {
    scopeSelector: {
      matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values }],
    },
  };
}
