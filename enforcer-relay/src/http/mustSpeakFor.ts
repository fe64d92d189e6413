import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';

/**
 * A token speaks for the application that it names, and for no other. One that names none speaks for
 * all only when it is an admin's, or has a role that may: a host's never does, for then one host's
 * credentials would report the usage and read the rules of every application.
 * @throws Problem 403
 */
export function mustSpeakFor(
  { application: bound, roles }: Pick<Principal, 'application' | 'roles'>,
  application: string,
  rolesForAll: readonly string[] = [],
): void {
  if (bound === application) return;
  if (bound !== null) {
    throw new Problem(
      403,
      'APPLICATION_FOREIGN',
      `This token is for ${bound}, not for ${application}.`,
    );
  }
  if (roles.includes('admin') || rolesForAll.some((role) => roles.includes(role))) return;
  throw new Problem(403, 'APPLICATION_MISSING', 'The token of a host must name its application.');
}
