/** The members of a step of a tree change by which it names a quota. */
export const NAMED_BY: readonly (readonly [step: string, member: string])[] = [
  ['create', 'quotaId'],
  ['change', 'quotaId'],
  ['restore', 'quotaId'],
  ['move', 'quotaId'],
  ['move', 'toQuotaId'],
  ['delete', 'quotaId'],
];

/** @param steps as an event's body has them */
export function isNamedIn(
  steps: readonly unknown[],
  isAbout: (quotaId: string) => boolean,
): boolean {
  return (steps as readonly Readonly<Record<string, Readonly<Record<string, unknown>> | null>>[])
    .flatMap((step) => NAMED_BY.map(([kind, member]) => step[kind]?.[member]))
    .some((named) => typeof named === 'string' && isAbout(named));
}
