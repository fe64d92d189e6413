import type { CommandOutcome } from '@prorata/schemas';

/**
 * Codes of outcomes that decided nothing about the command which they name: perhaps somebody else wrote it, it
 * came in a wrong way, or there was no room, or not yet. Its id has no first outcome by them, so the same
 * command may come again and be decided then; and none of them may stand in the place of a decision.
 */
export const undecidedCodes = [
  'COMMAND_ID_REUSED',
  'COMMAND_MISROUTED',
  'COMMAND_SIGNATURE_INVALID',
  'COMMAND_TOO_OLD',
  'COMMAND_UNREADABLE',
  'COMMAND_UNSIGNED',
  'PARTITION_FULL',
  'TIMERS_PENDING',
  'TOO_MANY_COMMANDS',
] as const;

const undecided: ReadonlySet<string> = new Set(undecidedCodes);

/** Whether the outcome decided its command, as far as its code says. */
export function isDecided({ code }: Pick<CommandOutcome, 'code'>): boolean {
  return !undecided.has(code);
}
