import { undecidedCodes } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';

/** A used id stays used for a day: the same command will never be decided. */
const doorCodes = new Set<string>([
  'UNAUTHORIZED',
  'FORBIDDEN',
  ...undecidedCodes.filter((code) => code !== 'COMMAND_ID_REUSED'),
]);

/**
 * Whether a refusal is by the door, or by a writer that decided nothing, and not by the stream that was asked: it
 * says nothing about the command, which is tried again, the same, at the next evaluation.
 */
export function isOfTheDoor({ code }: Pick<CommandAnswer, 'code'>): boolean {
  return code === null || doorCodes.has(code);
}
