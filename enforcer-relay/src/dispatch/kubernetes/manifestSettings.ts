import type { KubernetesSettings } from '@prorata/quota-model';
import type { ResourceDeclaration } from '@prorata/schemas';

/** A dispatcher's settings with the units of what they name. */
export interface ManifestSettings {
  readonly application: string;
  readonly dispatcher: string;
  readonly namespace: KubernetesSettings['namespace'];
  readonly hard: readonly HardBound[];
  /** By tier; null: every quota counts all pods of its namespace. */
  readonly priorityClasses: ReadonlyMap<number, readonly string[]> | null;
}

export interface HardBound {
  readonly key: string;
  readonly resource: string;
  readonly unit: string;
}

/** @param resources those of now: a registration may have dropped what an older one named */
export function manifestSettingsOf(
  dispatcher: string,
  settings: KubernetesSettings,
  application: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): ManifestSettings {
  const { namespace, priorityClasses } = settings;
  const hard = Object.entries(settings.hard).flatMap(([key, resource]) => {
    const unit = resources.get(resource)?.unit;
    return unit === undefined ? [] : [{ key, resource, unit }];
  });
  const byTier =
    priorityClasses === undefined
      ? null
      : new Map(Object.entries(priorityClasses).map(([tier, names]) => [Number(tier), names]));
  return { application, dispatcher, namespace, hard, priorityClasses: byTier };
}
