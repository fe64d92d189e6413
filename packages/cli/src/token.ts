import { findLocalGateway } from '@prorata/infra/localGateway';
import { mintToken } from '@prorata/infra/mintToken';
import type { TokenClaims } from '@prorata/infra/mintToken';
import { isRole, roles } from '@prorata/service-runtime/roles';
import type { Role } from '@prorata/service-runtime/roles';
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
  const claims = await claimsOf(options);
  const found = await findLocalGateway(stackDirectory());
  if (found === undefined)
    throw new CommandError('There is no stack yet: ./prorata up starts one.');
  answer(await mintToken(found.secretsDirectory, claims));
  return 0;
}

/** @throws CommandError with exit code 2 for what no service would take */
export async function claimsOf(options: TokenOptions): Promise<TokenClaims> {
  const { subject, application, group: groups = [], grant: grants = [] } = options;
  const kind = kinds.find((known) => known === options.kind);
  if (kind === undefined) {
    throw new CommandError(`no kind ${options.kind}; there are ${kinds.join(', ')}`, 2);
  }
  if (grants.length > 0) await assertGrants(grants);
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

async function assertGrants(grants: readonly string[]): Promise<void> {
  // Loaded where there are grants alone: scopes are the model's, which is large.
  const { isScope } = await import('@prorata/service-runtime');
  for (const grant of grants) {
    const at = grant.indexOf('@');
    asRole(at < 0 ? grant : grant.slice(0, at));
    if (at >= 0 && isScope(grant.slice(at + 1))) continue;
    throw new CommandError(`no grant ${grant}; write role@scope, such as operator@moka/prod`, 2);
  }
}
