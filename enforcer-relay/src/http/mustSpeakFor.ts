import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';

/**
 * Credentials speak for the application that they name, or that a grant names with a role that may.
 * Those that name none speak for all only when they are an admin's, or have a role that may: a host's
 * never do, for then one host's credentials would report the usage and read the rules of every
 * application. A grant for a part of an application speaks for none of it: rules and usage are the
 * whole application's.
 * @throws Problem 403
 */
export function mustSpeakFor(
  { application: bound, roles, grants }: Pick<Principal, 'application' | 'roles' | 'grants'>,
  application: string,
  rolesForAll: readonly string[] = [],
): void {
  const forAll = ['admin', ...rolesForAll];
  const may = (role: string): boolean => role === 'host' || forAll.includes(role);
  if (bound !== null && bound !== application) {
    const detail = `These credentials are for ${bound}, not for ${application}.`;
    throw new Problem(403, 'APPLICATION_FOREIGN', detail);
  }
  if (bound === application && roles.some(may)) return;
  if (roles.some((role) => forAll.includes(role))) return;
  if (grants.some(({ role, scope }) => scope === application && may(role))) return;
  throw new Problem(
    403,
    'APPLICATION_MISSING',
    'The credentials of a host must name its application.',
  );
}
