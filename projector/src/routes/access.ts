import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { RequestHandler } from 'express';

/** Any service may look up quotas; a person or a robot needs a role. */
const READER_ROLES: readonly string[] = ['admin', 'operator', 'auditor', 'robot'];

export const requireQuotaReader: RequestHandler = (request, _response, next) => {
  const { actor, roles } = request.principal;
  if (actor.kind !== 'service' && !roles.some((role) => READER_ROLES.includes(role))) {
    throw new Problem(
      403,
      'FORBIDDEN',
      `This needs one of the roles ${READER_ROLES.join(', ')}, or a service.`,
    );
  }
  next();
};

/**
 * The application to which an answer is restricted; null: any.
 * @throws Problem 403 when the token is for one application and the request for another
 */
export function applicationScope(principal: Principal, asked: string | null): string | null {
  const { application } = principal;
  if (application === null) return asked;
  if (asked === null || asked === application) return application;
  throw new Problem(403, 'FORBIDDEN', `The token is for application ${application} alone.`);
}
