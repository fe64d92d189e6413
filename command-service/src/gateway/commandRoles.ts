import { commandAuthority } from '@prorata/quota-model';
import type { CommandAuthority } from '@prorata/quota-model';
import type { CommandMessage } from '@prorata/schemas';
import { streamOfScope } from '@prorata/service-runtime';
import type { Principal, Role } from '@prorata/service-runtime';

const entries = Object.entries(commandAuthority) as [CommandMessage['type'], CommandAuthority][];

/**
 * Who may send what, as the model's own table says. An admin may send all; hosts and auditors send
 * nothing. What a role may do to one quota in particular, and a member by the groups that own it, is
 * the model's to decide.
 */
export const commandRoles = Object.fromEntries(
  entries.map(([type, { roles }]) => [type, roles]),
) as Readonly<Record<CommandMessage['type'], readonly Role[]>>;

export function isCommandType(type: unknown): type is CommandMessage['type'] {
  return typeof type === 'string' && Object.hasOwn(commandRoles, type);
}

/**
 * Whether the door is open: a role that holds everywhere, or one granted for a part of the command's
 * stream. Whether that part holds the quota in question, and whose it is, is the model's to decide.
 */
export function maySend(
  type: CommandMessage['type'],
  { roles, grants }: Pick<Principal, 'roles' | 'grants'>,
  stream: unknown,
): boolean {
  const allowed: readonly string[] = commandRoles[type];
  if (roles.some((role) => allowed.includes(role))) return true;
  return grants.some(
    ({ role, scope }) => allowed.includes(role) && streamOfScope(scope) === stream,
  );
}
