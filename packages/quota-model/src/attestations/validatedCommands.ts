import type { CommandMessage } from '@prorata/schemas';

type CommandType = CommandMessage['type'];

/** What validators are asked about unless they name commands: whatever changes declared limits or attributes. */
export const validatedByDefault: ReadonlySet<string> = new Set<CommandType>([
  'ApproveProposal',
  'ChangeQuota',
  'CreateQuota',
  'ResizeQuota',
]);

/**
 * What a validator may name. An override and a delete are not validated unless it does: nobody who
 * fights a fire should wait for a third party, and a delete leaves only room.
 */
export const validatedCommands: ReadonlySet<string> = new Set<string>([
  ...validatedByDefault,
  ...(['DeleteQuota', 'OverrideQuota'] satisfies CommandType[]),
]);
