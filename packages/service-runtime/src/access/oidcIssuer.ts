import type { ActorKind } from '@prorata/schemas';
import { isLoopbackHost } from '../loopback.ts';
import { isRole } from './roles.ts';
import type { Role } from './roles.ts';

/** Asymmetric all of them: with a symmetric one, whoever can check a token could make one. */
export const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type Algorithm = (typeof algorithms)[number];

/** Where in a token each thing stands: a claim's name, or a path of names with dots between. */
export interface ClaimNames {
  readonly roles: string;
  readonly groups: string;
  readonly grants: string;
  readonly kind: string;
  readonly application: string;
}

/** What a subject is and may, beside what its tokens say: for issuers that cannot put it there. */
export interface KnownSubject {
  readonly kind?: ActorKind;
  readonly roles?: readonly Role[];
  readonly grants?: readonly string[];
  readonly groups?: readonly string[];
  readonly application?: string;
}

/** One issuer whose tokens are taken. */
export interface OidcIssuer {
  /** As it stands in `iss`; its `/.well-known/openid-configuration` names its keys. */
  readonly issuer: string;
  /**
   * What its tokens' groups are written behind, as `<alias>/<group>`, so that nobody owns another issuer's
   * quotas by a group of the same name; null for the one issuer whose groups are written as they are.
   */
  readonly alias: string | null;
  /** The aliases of the other issuers: no group of this one may begin with them. */
  readonly otherAliases: readonly string[];
  readonly audience: string;
  readonly algorithms: readonly Algorithm[];
  readonly claims: ClaimNames;
  /** The issuer's own names for roles; null: they are ours. */
  readonly roles: Readonly<Record<string, readonly Role[]>> | null;
  /** The kind of a token that does not say; null: such a token is refused. */
  readonly kind: ActorKind | null;
  readonly subjects: Readonly<Record<string, KnownSubject>>;
}

const AUDIENCE = 'prorata';
const claimNames: ClaimNames = {
  roles: 'roles',
  groups: 'groups',
  grants: 'grants',
  kind: 'kind',
  application: 'application',
};
const kinds: readonly ActorKind[] = ['user', 'service', 'robot'];
const FIELDS = ['issuer', 'alias', 'audience', 'algorithms', 'claims', 'roles', 'kind', 'subjects'];
const ALIAS = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
const SUBJECT_FIELDS = ['kind', 'roles', 'grants', 'groups', 'application'];
/** Companies, not the public: each is asked for its keys every minute. */
const ISSUERS_MAX = 20;

/**
 * @param text JSON: a list of issuers, of which only `issuer` must be given
 * @returns the issuers, or every fault with its place
 */
export function parseIssuers(
  text: string,
): { readonly issuers: readonly OidcIssuer[] } | { readonly faults: readonly string[] } {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return { faults: ['it is no JSON'] };
  }
  if (!Array.isArray(given) || given.length === 0 || given.length > ISSUERS_MAX) {
    return { faults: [`it must be a list of 1 to ${ISSUERS_MAX} issuers`] };
  }
  const reading = new Reading();
  const issuers = given.map((each, at) => reading.issuer(each, `/${at}`));
  const names = issuers.map(({ issuer }) => issuer);
  if (new Set(names).size < names.length) reading.fault('', 'names an issuer twice');
  const aliases = issuers.map(({ alias }) => alias);
  if (new Set(aliases).size < aliases.length) {
    reading.fault(
      '',
      'needs an alias of its own for every issuer but one: groups of two would be one',
    );
  }
  if (reading.faults.length > 0) return { faults: reading.faults };
  return { issuers: issuers.map((issuer) => besideOthers(issuer, aliases)) };
}

function besideOthers(issuer: OidcIssuer, aliases: readonly (string | null)[]): OidcIssuer {
  const otherAliases = aliases.flatMap((alias) =>
    alias === null || alias === issuer.alias ? [] : [alias],
  );
  return { ...issuer, otherAliases };
}

/** Collects what is wrong: a person mends it in one go. */
class Reading {
  readonly faults: string[] = [];

  fault(place: string, what: string): void {
    this.faults.push(`${place} ${what}`.trim());
  }

  issuer(given: unknown, at: string): OidcIssuer {
    const fields = this.record(given, at, FIELDS);
    const { audience = AUDIENCE, algorithms: named = algorithms, kind = null } = fields;
    return {
      issuer: this.url(fields['issuer'], `${at}/issuer`),
      alias: fields['alias'] === undefined ? null : this.alias(fields['alias'], `${at}/alias`),
      otherAliases: [],
      audience: this.text(audience, `${at}/audience`),
      algorithms: this.list(named, `${at}/algorithms`, algorithms),
      claims: this.claims(fields['claims'] ?? {}, `${at}/claims`),
      roles: fields['roles'] === undefined ? null : this.roles(fields['roles'], `${at}/roles`),
      kind: kind === null ? null : this.kind(kind, `${at}/kind`),
      subjects: this.entries(fields['subjects'] ?? {}, `${at}/subjects`, (each, place) =>
        this.subject(each, place),
      ),
    };
  }

  /** In clear text anybody on the way could put other keys into the answer. */
  url(given: unknown, at: string): string {
    if (typeof given === 'string' && URL.canParse(given)) {
      const { protocol, hostname, search, hash, username } = new URL(given);
      const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
      if (isSafe && search === '' && hash === '' && username === '') return given;
    }
    this.fault(at, 'must be an https URL without query');
    return '';
  }

  alias(given: unknown, at: string): string {
    if (typeof given === 'string' && ALIAS.test(given)) return given;
    this.fault(at, 'must be 1 to 32 of a-z, 0-9 and inner hyphens');
    return '';
  }

  text(given: unknown, at: string): string {
    if (typeof given === 'string' && given !== '') return given;
    this.fault(at, 'must be a text');
    return '';
  }

  kind(given: unknown, at: string): ActorKind {
    const kind = kinds.find((each) => each === given);
    if (kind === undefined) this.fault(at, `must be one of ${kinds.join(', ')}`);
    return kind ?? 'user';
  }

  list<T extends string>(given: unknown, at: string, known: readonly T[]): readonly T[] {
    const items: readonly unknown[] = Array.isArray(given) ? given : [];
    if (items.length > 0 && items.every((item) => known.includes(item as T))) return items as T[];
    this.fault(at, `must be a list of ${known.join(', ')}`);
    return [];
  }

  claims(given: unknown, at: string): ClaimNames {
    const fields = this.record(given, at, Object.keys(claimNames));
    for (const [name, value] of Object.entries(fields)) this.text(value, `${at}/${name}`);
    return { ...claimNames, ...(fields as Partial<ClaimNames>) };
  }

  roles(given: unknown, at: string): Readonly<Record<string, readonly Role[]>> {
    return this.entries(given, at, (each, place) =>
      this.ourRoles(Array.isArray(each) ? each : [each], place),
    );
  }

  ourRoles(given: readonly unknown[], at: string): readonly Role[] {
    if (given.every(isRole)) return given;
    this.fault(at, 'must be a role or a list of roles');
    return [];
  }

  subject(given: unknown, at: string): KnownSubject {
    const fields = this.record(given, at, SUBJECT_FIELDS);
    if (fields['kind'] !== undefined) this.kind(fields['kind'], `${at}/kind`);
    if (fields['application'] !== undefined) this.text(fields['application'], `${at}/application`);
    for (const name of ['roles', 'grants', 'groups'] as const) {
      const list = fields[name] ?? [];
      if (!Array.isArray(list)) this.fault(`${at}/${name}`, 'must be a list');
      else if (name === 'roles') this.ourRoles(list, `${at}/${name}`);
    }
    return fields;
  }

  entries<T>(
    given: unknown,
    at: string,
    read: (value: unknown, place: string) => T,
  ): Readonly<Record<string, T>> {
    const fields = this.record(given, at, null);
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, read(value, `${at}/${name}`)]),
    );
  }

  record(given: unknown, at: string, known: readonly string[] | null): Record<string, unknown> {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      this.fault(at, 'must be an object');
      return {};
    }
    for (const name of Object.keys(given)) {
      if (known !== null && !known.includes(name)) this.fault(`${at}/${name}`, 'is no field here');
    }
    return given as Record<string, unknown>;
  }
}
