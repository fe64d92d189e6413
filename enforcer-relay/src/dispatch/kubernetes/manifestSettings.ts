import type { KubernetesSettings } from '@prorata/quota-model';
import type { ResourceDeclaration } from '@prorata/schemas';
import { presetBounds } from './presetBounds.ts';

/** As registered, or each quota that has none below it for itself. */
export type NamespaceSetting = KubernetesSettings['namespace'] | 'leaves';

/** A dispatcher's settings with the units of what they name. */
export interface ManifestSettings {
  readonly application: string;
  readonly dispatcher: string;
  readonly namespace: NamespaceSetting;
  readonly hard: readonly HardBound[];
  /** By tier; null: every quota counts all pods of its namespace. */
  readonly priorityClasses: ReadonlyMap<number, readonly string[]> | null;
}

export interface HardBound {
  readonly key: string;
  readonly resource: string;
  readonly unit: string;
}

/**
 * @param settings as registered, or nothing where a text alone is made
 * @param resources those of now: a registration may have dropped what an older one named
 * @returns why they cannot be used
 */
export function manifestSettingsOf(
  dispatcher: string,
  settings: Partial<KubernetesSettings>,
  application: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): ManifestSettings | string {
  const { namespace = 'leaves', priorityClasses } = settings;
  const named = settings.hard ?? presetBounds(resources);
  if (typeof named === 'string') return named;
  const hard = Object.entries(named).flatMap(([key, resource]) => {
    const unit = resources.get(resource)?.unit;
    return unit === undefined ? [] : [{ key, resource, unit }];
  });
  if (hard.length === 0) {
    return 'No resource is one that a ResourceQuota bounds: say "hard" in the settings of a dispatcher.';
  }
  const byTier =
    priorityClasses === undefined
      ? null
      : new Map(Object.entries(priorityClasses).map(([tier, names]) => [Number(tier), names]));
  return { application, dispatcher, namespace, hard, priorityClasses: byTier };
}
