import type { CommandMessage } from '@prorata/schemas';
import type { Role } from '@prorata/service-runtime';

/**
 * Who may send what, in one table. An admin may send all; hosts and auditors send nothing. What a
 * role may do to one quota in particular is the model's to decide.
 */
export const commandRoles: Readonly<Record<CommandMessage['type'], readonly Role[]>> = {
  RegisterApplication: ['admin'],
  SetEntitlement: ['admin'],
  CreateQuota: ['admin', 'operator'],
  ChangeQuota: ['admin', 'operator'],
  DeleteQuota: ['admin', 'operator'],
  OverrideQuota: ['admin', 'operator'],
  LiftOverride: ['admin', 'operator'],
  ResizeQuota: ['admin', 'operator', 'robot'],
  ApproveProposal: ['admin', 'operator'],
  RejectProposal: ['admin', 'operator'],
  DefineBudget: ['admin'],
  DefinePriceBook: ['admin'],
  PublishTierPolicy: ['admin'],
  ApplyHaircut: ['admin', 'operator', 'robot'],
  LiftHaircut: ['admin', 'operator', 'robot'],
};

export function isCommandType(type: unknown): type is CommandMessage['type'] {
  return typeof type === 'string' && Object.hasOwn(commandRoles, type);
}

export function maySend(type: CommandMessage['type'], roles: readonly string[]): boolean {
  return commandRoles[type].some((role) => roles.includes(role));
}
