/** Whose namespace a quota's limits hold in. */
import type { NamespaceSetting } from './manifestSettings.ts';

/** A namespace's name is a DNS label. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isNamespace(text: string): boolean {
  return NAMESPACE.test(text);
}

/**
 * @param attributes the quota's own, as a JSON object
 * @param isLeaf whether no quota stands below it
 * @returns null: the quota stands for no namespace. It may be no name at all: the check of the text says so
 */
export function namespaceOf(
  setting: NamespaceSetting,
  quotaId: string,
  attributes: Readonly<Record<string, unknown>>,
  isLeaf: boolean,
): string | null {
  if (setting === 'leaves') return isLeaf ? quotaId.split('/').slice(1).join('-') : null;
  if ('attribute' in setting) {
    const value = Object.hasOwn(attributes, setting.attribute)
      ? attributes[setting.attribute]
      : null;
    return typeof value === 'string' ? value : null;
  }
  const segments = quotaId.split('/');
  if (segments.length !== setting.depth) return null;
  return setting.template.replaceAll(
    /\{([1-8])\}/g,
    (_, number: string) => segments[Number(number) - 1] ?? '',
  );
}
