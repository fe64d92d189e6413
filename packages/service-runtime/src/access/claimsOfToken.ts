import type { JWTPayload } from 'jose';
import type { OidcIssuer } from './oidcIssuer.ts';
import type { Claims } from './principal.ts';
import type { Role } from './roles.ts';

/**
 * What a checked token says, in the words of its issuer's settings. What they say of the subject
 * itself comes on top: roles, grants and groups are added, the kind and the application replaced.
 */
export function claimsOfToken(payload: JWTPayload, settings: OidcIssuer): Claims {
  const { sub = '', exp = 0 } = payload;
  const at = (name: keyof OidcIssuer['claims']): unknown => claimAt(payload, settings.claims[name]);
  const known = Object.hasOwn(settings.subjects, sub) ? settings.subjects[sub] : undefined;
  return {
    issuer: settings.issuer,
    subject: sub,
    kind: known?.kind ?? at('kind') ?? settings.kind,
    roles: both(ourRoles(at('roles'), settings.roles), known?.roles),
    grants: both(at('grants'), known?.grants),
    groups: both(ourGroups(at('groups'), settings), known?.groups),
    application: known?.application ?? at('application'),
    endsAtMs: exp * 1_000,
  };
}

/** A claim by its whole name, which may be a URL, else by the names on the way to it. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return listOf(name, payload[name]);
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** OAuth's scopes are a list, written as one text with spaces. */
function listOf(name: string, given: unknown): unknown {
  const isScope = name === 'scope' || name === 'scp';
  return isScope && typeof given === 'string' ? given.split(' ') : given;
}

function ourRoles(
  given: unknown,
  names: Readonly<Record<string, readonly Role[]>> | null,
): unknown {
  if (names === null || !Array.isArray(given)) return given;
  return given.flatMap((name) =>
    typeof name === 'string' && Object.hasOwn(names, name) ? (names[name] ?? []) : [],
  );
}

/**
 * Two issuers may have a group of the same name. A name that would read as another issuer's group is no
 * group here.
 */
function ourGroups(given: unknown, { alias, otherAliases }: OidcIssuer): unknown {
  if (!Array.isArray(given)) return given;
  if (alias !== null) {
    return given.map((name: unknown) => (typeof name === 'string' ? `${alias}/${name}` : name));
  }
  return given.filter(
    (name) => typeof name !== 'string' || !otherAliases.some((each) => name.startsWith(`${each}/`)),
  );
}

/** What has not the form of a list stays as it is, to be refused where forms are. */
function both(given: unknown, more: readonly string[] | undefined): unknown {
  if (more === undefined) return given;
  const items: unknown = given ?? [];
  return Array.isArray(items) ? [...(items as unknown[]), ...more] : given;
}
