/** ResourceQuotas as text that `kubectl apply -f -` takes, and back. */

/** What marks an object as ours: `managed-by` and the application and dispatcher that it comes from. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'prorata';
export const APPLICATION_LABEL = 'prorata.io/application';
export const DISPATCHER_LABEL = 'prorata.io/dispatcher';
export const QUOTA_ANNOTATION = 'prorata.io/quota';
export const NOTE_ANNOTATION = 'prorata.io/note';

export interface ScopeRequirement {
  readonly scopeName: 'PriorityClass';
  readonly operator: 'In';
  readonly values: readonly string[];
}

export interface ScopeSelector {
  readonly matchExpressions: readonly ScopeRequirement[];
}

export interface ResourceQuotaManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'ResourceQuota';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    /** Quantities as text; a name that is not there is not held. */
    readonly hard: Readonly<Record<string, string>>;
    readonly scopeSelector?: ScopeSelector;
  };
}

/** Text that is no list of ResourceQuotas. */
export class UnreadableManifests extends Error {
  override readonly name = 'UnreadableManifests';
}

export function manifestsText(items: readonly ResourceQuotaManifest[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`;
}

/** @throws UnreadableManifests */
export function readManifests(text: string): readonly ResourceQuotaManifest[] {
  const list = jsonIn(text);
  if (!isRecord(list) || list['kind'] !== 'List' || !Array.isArray(list['items'])) {
    throw new UnreadableManifests('This is no list of manifests.');
  }
  return list['items'].map((item: unknown, index) => {
    if (!isManifest(item)) throw new UnreadableManifests(`Item ${index + 1} is no ResourceQuota.`);
    return item;
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableManifests('This is no JSON.');
  }
}

function isManifest(item: unknown): item is ResourceQuotaManifest {
  if (!isRecord(item) || item['apiVersion'] !== 'v1' || item['kind'] !== 'ResourceQuota')
    return false;
  const { metadata, spec } = item;
  if (!isRecord(metadata) || !isRecord(spec)) return false;
  return (
    typeof metadata['name'] === 'string' &&
    typeof metadata['namespace'] === 'string' &&
    isTexts(metadata['labels']) &&
    isTexts(metadata['annotations']) &&
    isTexts(spec['hard']) &&
    (spec['scopeSelector'] === undefined || isScopeSelector(spec['scopeSelector']))
  );
}

function isScopeSelector(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value['matchExpressions'])) return false;
  return value['matchExpressions'].every(
    (one: unknown) =>
      isRecord(one) &&
      one['scopeName'] === 'PriorityClass' &&
      one['operator'] === 'In' &&
      Array.isArray(one['values']) &&
      one['values'].every((text) => typeof text === 'string'),
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

/** The priority classes whose pods it counts; null: all pods. */
export function classesOf({ spec }: ResourceQuotaManifest): readonly string[] | null {
  return spec.scopeSelector?.matchExpressions.flatMap(({ values }) => values) ?? null;
}
