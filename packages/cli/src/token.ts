import { findPlan, mintToken } from '@prorata/infra';
import type { TokenClaims } from '@prorata/infra';
import { isRole, isScope, roles } from '@prorata/service-runtime';
import type { Role } from '@prorata/service-runtime';
import { CommandError } from './commandError.ts';
import { answer } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

export interface TokenOptions {
  readonly subject: string;
  readonly kind: string;
  readonly role?: readonly string[];
  readonly grant?: readonly string[];
  readonly group?: readonly string[];
  readonly application?: string;
}

const kinds = ['user', 'service', 'robot'] as const;

/** Prints a token of the local stack; with all roles unless told, for a person to try things with. */
export async function token(options: TokenOptions): Promise<number> {
  const claims = claimsOf(options);
  const plan = await findPlan(stackDirectory());
  if (plan === undefined) throw new CommandError('There is no stack yet: ./prorata up starts one.');
  answer(await mintToken(plan.secrets.directory, claims));
  return 0;
}

/** @throws CommandError with exit code 2 for what no service would take */
export function claimsOf(options: TokenOptions): TokenClaims {
  const { subject, application, group: groups = [], grant: grants = [] } = options;
  const kind = kinds.find((known) => known === options.kind);
  if (kind === undefined) {
    throw new CommandError(`no kind ${options.kind}; there are ${kinds.join(', ')}`, 2);
  }
  grants.forEach(assertGrant);
  return {
    subject,
    kind,
    roles: rolesOf(options, kind),
    grants,
    groups,
    ...(application === undefined ? {} : { application }),
  };
}

/** All of them for a person who named neither a role nor a grant. */
function rolesOf({ role, grant }: TokenOptions, kind: TokenClaims['kind']): readonly Role[] {
  if (role !== undefined) return role.map(asRole);
  if (kind === 'robot') return ['robot'];
  return grant === undefined ? roles : [];
}

function asRole(name: string): Role {
  if (isRole(name)) return name;
  throw new CommandError(`no role ${name}; there are ${roles.join(', ')}`, 2);
}

function assertGrant(grant: string): void {
  const at = grant.indexOf('@');
  asRole(at < 0 ? grant : grant.slice(0, at));
  if (at >= 0 && isScope(grant.slice(at + 1))) return;
  throw new CommandError(`no grant ${grant}; write role@scope, such as operator@moka/prod`, 2);
}
