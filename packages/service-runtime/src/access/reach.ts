import { applicationOf } from '@prorata/quota-model';
import type { Principal } from './principal.ts';
import { streamOfScope } from './principal.ts';
import type { RouteRule } from './routeRules.ts';

/** How far an answer may go: everywhere, or no further than these scopes, as those of grants. */
export type Reach = 'everywhere' | readonly string[];

/**
 * What the rule opens to the principal; nothing (an empty list) closes it.
 * A role that holds everywhere reaches everything, one that is granted its scope; credentials bound
 * to an application reach nothing beyond it.
 */
export function reachOf(principal: Principal, rule: RouteRule): Reach {
  const { application } = principal;
  if (application !== null && rule.bound === 'none') return [];
  if (holdsEverywhere(principal, rule)) return application === null ? 'everywhere' : [application];
  const scopes = grantedScopes(principal, rule);
  if (application === null) return scopes;
  return scopes.filter((scope) => streamOfScope(scope) === `application:${application}`);
}

function holdsEverywhere({ actor, roles }: Principal, { who, services }: RouteRule): boolean {
  if (who === 'open' || who === 'known') return true;
  if (services === true && actor.kind === 'service') return true;
  return roles.some((role) => (who as readonly string[]).includes(role));
}

function grantedScopes({ grants }: Principal, { who, grants: form }: RouteRule): string[] {
  if (form === 'none' || typeof who === 'string') return [];
  const allowed: readonly string[] = who;
  return grants
    .filter(({ role, scope }) => allowed.includes(role) && hasForm(scope, form))
    .map(({ scope }) => scope);
}

function hasForm(scope: string, form: 'quotas' | 'streams'): boolean {
  return scope.includes(':') === (form === 'streams');
}

/** Whether a quota, or an application by its id alone, lies within the reach. */
export function reaches(reach: Reach, id: string): boolean {
  if (reach === 'everywhere') return true;
  return reach.some((scope) => id === scope || id.startsWith(`${scope}/`));
}

/** Whether anything of an application lies within the reach. */
export function reachesInto(reach: Reach, application: string): boolean {
  return reach === 'everywhere' || reach.some((scope) => applicationOf(scope) === application);
}
