import { applicationOf } from '@prorata/quota-model';
import { Problem, reaches, reachesInto } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { Condition } from './filters.ts';

/** @throws Problem 403 when the request asks for an application of which nothing is within reach */
export function mustReachInto(reach: Reach, application: string | null): void {
  if (application === null || reachesInto(reach, application)) return;
  throw beyondReach(reach, application);
}

/** @throws Problem 403 when the quota is not within reach */
export function mustReach(reach: Reach, quotaId: string): void {
  if (!reaches(reach, quotaId)) throw beyondReach(reach, quotaId);
}

/** @throws Problem 403 when the organization's stream is not within reach */
export function mustReachOrganization(reach: Reach, organization: string): void {
  if (reach === 'everywhere' || reach.includes(`organization:${organization}`)) return;
  throw beyondReach(reach, organization);
}

function beyondReach(reach: Reach, what: string): Problem {
  const far = reach === 'everywhere' ? reach : reach.join(', ');
  return new Problem(403, 'FORBIDDEN', `The credentials reach ${far}, and not ${what}.`);
}

/** Rows with `application` and `quota_id` below the scope. */
export function quotaCondition(scope: string): Condition {
  return below('application', applicationOf(scope), scope);
}

/** Rows whose column, ordered by bytes, is a quota's or lies below it or below an application. */
export function treeCondition(top: string, column = 'quota_id'): Condition {
  // By bytes `0` comes right after `/`, and what lies between the top and what is below it is a sibling.
  return {
    sql: `(${column} >= ? AND ${column} < ? AND (${column} = ? OR ${column} >= ?))`,
    values: [top, `${top}0`, top, `${top}/`],
  };
}

/** Rows of the audit log about the scope. */
export function auditCondition(scope: string): Condition {
  return below('stream', `application:${applicationOf(scope)}`, scope);
}

/** Rows of things that have a stream each, of a scope that is a stream. */
export function streamCondition(kind: string, column: string): (scope: string) => Condition {
  return (scope) => ({ sql: `'${kind}:' || ${column} = ?`, values: [scope] });
}

export const organizationCondition = streamCondition('organization', 'organization');

/** Rows with `application` of which anything is in the scope. */
export function applicationCondition(scope: string): Condition {
  return { sql: 'application = ?', values: [applicationOf(scope)] };
}

/** The first column is indexed, and all that an application's scope needs. */
function below(column: string, value: string, scope: string): Condition {
  if (scope === applicationOf(scope)) return { sql: `${column} = ?`, values: [value] };
  return {
    sql: `(${column} = ? AND (quota_id = ? OR starts_with(quota_id, ?)))`,
    values: [value, scope, `${scope}/`],
  };
}
