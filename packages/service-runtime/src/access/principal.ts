import { applicationOf, isQuotaId, isSegment, parseStream } from '@prorata/quota-model';
import type { Actor, ActorKind, Grant } from '@prorata/schemas';
import { Problem } from '../problem.ts';
import { isRole } from './roles.ts';
import type { Role } from './roles.ts';

/** Who is calling, as an issuer or an API key vouches for. */
export interface Principal {
  readonly actor: Actor;
  /** Roles that hold everywhere. */
  readonly roles: readonly string[];
  /** Roles that hold within a quota's subtree, an application or another stream alone. */
  readonly grants: readonly Grant[];
  /** Groups of the identity provider: quotas are owned by groups. */
  readonly groups: readonly string[];
  /** The one application that the credentials are for; null: not bound to one. */
  readonly application: string | null;
  /** When the credentials end, milliseconds since the epoch: no stream outlives them. */
  readonly endsAtMs: number;
}

/** What credentials say, before anything of it is believed to have the right form. */
export interface Claims {
  readonly issuer: string;
  readonly subject: unknown;
  readonly kind: unknown;
  /** A list; names that are no role here are another system's and are passed over. */
  readonly roles: unknown;
  /** A list of `role@scope` or `{ role, scope }`. */
  readonly grants: unknown;
  readonly groups: unknown;
  readonly application: unknown;
  readonly endsAtMs: number;
}

const kinds: readonly ActorKind[] = ['user', 'service', 'robot'];
/** A subject, issuer or group stands in events and commands that tell who did something, characters. */
const NAME_LENGTH_MAX = 256;
/** Identity providers put up to 200 groups into a token; each travels with every command. */
const GROUPS_MAX = 200;
/** More grants than a person can oversee; each is looked at for every command. */
const GRANTS_MAX = 100;
/** Roles of all systems that the issuer serves. */
const ROLES_MAX = 1_000;
/** Eight segments of 63 characters, and the kind of a stream. */
const SCOPE_LENGTH_MAX = 544;

/** @throws Problem 401 naming what of the claims has not the right form */
export function principalOf(claims: Claims): Principal {
  const kind = kinds.find((candidate) => candidate === claims.kind);
  if (kind === undefined) throw unauthorized(`The kind must be one of ${kinds.join(', ')}.`);
  const held = textList(claims.roles, 'roles', ROLES_MAX).filter(isRole);
  const grants = list(claims.grants, 'grants', GRANTS_MAX).map(grantOf);
  assertKindFits(kind, held, grants);
  return {
    actor: {
      kind,
      issuer: nameOf(claims.issuer, 'issuer'),
      subject: nameOf(claims.subject, 'subject'),
    },
    roles: [...new Set(held)],
    grants,
    groups: textList(claims.groups, 'groups', GROUPS_MAX).map((group) => nameOf(group, 'group')),
    application: boundTo(claims.application),
    endsAtMs: claims.endsAtMs,
  };
}

export function unauthorized(detail: string): Problem {
  return new Problem(401, 'UNAUTHORIZED', detail, {
    headers: { 'www-authenticate': 'Bearer realm="prorata"' },
  });
}

/** `moka` (an application), `moka/prod` (a quota and all below it) or a stream such as `organization:acme`. */
export function isScope(text: string): boolean {
  return isSegment(text) || isQuotaId(text) || parseStream(text) !== null;
}

/** The stream in which a scope lies. */
export function streamOfScope(scope: string): string {
  return scope.includes(':') ? scope : `application:${applicationOf(scope)}`;
}

function grantOf(given: unknown): Grant {
  const [role, scope] = typeof given === 'string' ? splitGrant(given) : membersOf(given);
  const fits = typeof scope === 'string' && scope.length <= SCOPE_LENGTH_MAX && isScope(scope);
  if (!isRole(role) || !fits) {
    throw unauthorized('Each grant must be a role and a scope, such as operator@moka/prod.');
  }
  return { role, scope };
}

function splitGrant(text: string): readonly [unknown, unknown] {
  const at = text.indexOf('@');
  return at < 0 ? [undefined, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function membersOf(given: unknown): readonly [unknown, unknown] {
  if (typeof given !== 'object' || given === null) return [undefined, undefined];
  const { role, scope } = given as { readonly role?: unknown; readonly scope?: unknown };
  return [role, scope];
}

/**
 * What a robot may do is asked of its kind and of its role: with one of them alone it would pass for a
 * person where robots are held back, or for a robot where people are. An admin may do all as it is.
 */
function assertKindFits(kind: ActorKind, held: readonly Role[], grants: readonly Grant[]): void {
  const isRobot = kind === 'robot';
  const hasRole = held.includes('robot') || grants.some(({ role }) => role === 'robot');
  if (isRobot && !hasRole) throw unauthorized('The kind robot needs the role robot.');
  if (hasRole && !isRobot && !held.includes('admin')) {
    throw unauthorized('The role robot needs the kind robot.');
  }
}

function boundTo(given: unknown): string | null {
  if (given === undefined || given === null) return null;
  if (typeof given === 'string' && given.length <= NAME_LENGTH_MAX && given !== '') return given;
  throw unauthorized("The token's application must be an id.");
}

function textList(given: unknown, what: string, most: number): readonly string[] {
  const items = list(given, what, most);
  if (items.every((item) => typeof item === 'string')) return items;
  throw unauthorized(`The ${what} must be a list of names.`);
}

/** Cut short, a list would give other rights than were meant: too long a one is refused. */
function list(given: unknown, what: string, most: number): readonly unknown[] {
  const items: unknown = given ?? [];
  if (!Array.isArray(items)) throw unauthorized(`The ${what} must be a list.`);
  if (items.length <= most) return items;
  throw unauthorized(`There are ${items.length} ${what}, and ${most} are looked at.`);
}

function nameOf(text: unknown, what: string): string {
  if (typeof text === 'string' && text !== '' && text.length <= NAME_LENGTH_MAX) return text;
  throw unauthorized(`The ${what} must have 1 to ${NAME_LENGTH_MAX} characters.`);
}
