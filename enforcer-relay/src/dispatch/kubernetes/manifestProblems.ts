/** What the API server would refuse, or take without holding it. */
import { holdsByPriority, measureOf } from '@prorata/quota-model';
import { classesOf, readManifests, UnreadableManifests } from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';
import { isNamespace } from './namespaceOf.ts';
import { thousandthsIn, thousandthsMax } from './quantity.ts';

/** One request each, and one list of all at every look: more are too many for one target. */
export const MANIFESTS_MAX = 2_000;

/** A DNS subdomain has so many characters at most. */
const NAME_LENGTH_MAX = 253;
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const WHOLE = 1_000n;

/** For people; empty: the text may be written. */
export function manifestProblems(text: string): string[] {
  try {
    const items = readManifests(text);
    if (items.length === 0) return ['There is no ResourceQuota: an empty set is never written.'];
    if (items.length > MANIFESTS_MAX) {
      return [`${items.length} ResourceQuotas, and ${MANIFESTS_MAX} are the most.`];
    }
    return [...items.flatMap(oneProblems), ...overlaps(items)];
  } catch (error) {
    if (error instanceof UnreadableManifests) return [error.message];
    throw error;
  }
}

function oneProblems(item: ResourceQuotaManifest): string[] {
  const { name, namespace } = item.metadata;
  const problems: string[] = [];
  if (name.length > NAME_LENGTH_MAX || !NAME.test(name)) {
    problems.push(`${name} is no name of an object.`);
  }
  if (!isNamespace(namespace))
    problems.push(`${name}: ${JSON.stringify(namespace)} is no namespace.`);
  const classes = classesOf(item);
  if (classes?.length === 0) problems.push(`${name} counts the pods of no priority class.`);
  for (const [key, quantity] of Object.entries(item.spec.hard)) {
    const fault = boundFault(key, quantity, classes !== null);
    if (fault !== null) problems.push(`${name}: ${key} ${fault}`);
  }
  return problems;
}

function boundFault(key: string, quantity: string, isByPriority: boolean): string | null {
  const measure = measureOf(key);
  if (measure === null) return 'is no bound of a ResourceQuota.';
  const thousandths = thousandthsIn(quantity);
  if (thousandths === null) return `is ${quantity}, which is no exact quantity.`;
  if (measure !== 'cpu' && thousandths % WHOLE !== 0n) {
    return `is ${quantity}, and only whole numbers are held.`;
  }
  if (thousandths > thousandthsMax(key, measure)) {
    return `is ${quantity}, which is more than can be counted.`;
  }
  return isByPriority && !holdsByPriority(key)
    ? 'does not hold for the pods of some priority classes.'
    : null;
}

/** Two objects over the same pods: each would bound what both quotas together use. */
function overlaps(items: readonly ResourceQuotaManifest[]): string[] {
  const holders = new Map<string, Map<string | null, string>>();
  return items.flatMap((item) => {
    const { name, namespace } = item.metadata;
    const inNamespace = holders.get(namespace) ?? new Map<string | null, string>();
    holders.set(namespace, inNamespace);
    const classes: readonly (string | null)[] = classesOf(item) ?? [null];
    const other = classes.map((one) => inNamespace.get(one)).find((found) => found !== undefined);
    for (const one of classes) inNamespace.set(one, name);
    return other === undefined
      ? []
      : [`${name} and ${other} are over the same pods of ${namespace}.`];
  });
}
