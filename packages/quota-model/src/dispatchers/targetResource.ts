import type { ResourceDeclaration } from '@prorata/schemas';

/** @returns the resource of that name, or why it cannot be the one that is meant */
export function targetResource(
  resources: ReadonlyMap<string, ResourceDeclaration>,
  name: string,
  kinds: readonly ResourceDeclaration['kind'][],
): ResourceDeclaration | string {
  const resource = resources.get(name);
  if (resource === undefined) return `The application declares no resource ${name}.`;
  if (kinds.includes(resource.kind)) return resource;
  return `${name} is of the kind ${resource.kind}, and ${kinds.join(' or ')} is needed.`;
}
