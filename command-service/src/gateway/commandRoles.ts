import type { CommandMessage } from '@prorata/schemas';
import { streamOfScope } from '@prorata/service-runtime';
import type { Principal, Role } from '@prorata/service-runtime';

/**
 * Who may send what, in one table. An admin may send all; hosts and auditors send nothing. What a
 * role may do to one quota in particular, and a member by the groups that own it, is the model's to
 * decide.
 */
export const commandRoles: Readonly<Record<CommandMessage['type'], readonly Role[]>> = {
  RegisterApplication: ['admin'],
  SetEntitlement: ['admin'],
  CreateQuota: ['admin', 'operator', 'member'],
  ChangeQuota: ['admin', 'operator', 'member'],
  DeleteQuota: ['admin', 'operator', 'member'],
  OverrideQuota: ['admin', 'operator', 'member'],
  LiftOverride: ['admin', 'operator', 'member'],
  ResizeQuota: ['admin', 'operator', 'robot'],
  ApproveProposal: ['admin', 'operator', 'member'],
  RejectProposal: ['admin', 'operator', 'member'],
  DefineBudget: ['admin'],
  DefinePriceBook: ['admin'],
  PublishTierPolicy: ['admin'],
  ApplyHaircut: ['admin', 'operator', 'robot'],
  LiftHaircut: ['admin', 'operator', 'robot'],
};

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
