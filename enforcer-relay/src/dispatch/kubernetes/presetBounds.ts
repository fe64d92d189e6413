import { measureOf, thousandthsOf } from '@prorata/quota-model';
import type { ResourceDeclaration } from '@prorata/schemas';

/** Objects that have a name of their own in the API, by how people call them. */
const OBJECTS: ReadonlyMap<string, string> = new Map([
  ['jobs', 'count/jobs.batch'],
  ['deployments', 'count/deployments.apps'],
]);

/**
 * Of an application that is rendered without a dispatcher: what each resource is called in a ResourceQuota, as far
 * as its kind, unit and name leave no doubt.
 * @returns resources by key; a message where two would be the same
 */
export function presetBounds(
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Readonly<Record<string, string>> | string {
  const hard: Record<string, string> = {};
  for (const resource of resources.values()) {
    const key = presetKey(resource);
    if (key === null) continue;
    const other = hard[key];
    if (other !== undefined) return `Both ${other} and ${resource.name} would be ${key}.`;
    hard[key] = resource.name;
  }
  return hard;
}

function presetKey({ name, kind, unit }: ResourceDeclaration): string | null {
  if (kind !== 'capacity' && kind !== 'concurrency') return null;
  const called = name.toLowerCase();
  if (thousandthsOf('cpu', unit) !== null) return 'requests.cpu';
  if (thousandthsOf('bytes', unit) !== null) {
    return /storage|disk/.test(called) ? 'requests.storage' : 'requests.memory';
  }
  if (thousandthsOf('count', unit) === null) return null;
  if (/gpu/.test(called)) return 'requests.nvidia.com/gpu';
  const key = OBJECTS.get(called) ?? called;
  return measureOf(key) === 'count' ? key : null;
}
