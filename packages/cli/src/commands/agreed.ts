import { CommandError } from '../commandError.ts';
import { exitCodes } from '../exitCodes.ts';

export interface Asked {
  readonly question: string;
  /** What is said where the answer is no, and nothing was done. */
  readonly declined: string;
  /** What `--yes` would do, for whoever cannot be asked. */
  readonly withYes: string;
}

/**
 * Asks a person whether to go on, on a terminal; `yes`: it was said beforehand.
 * @throws CommandError for a no (exit 1), Ctrl-C (exit 130), and where nobody can be asked (exit 2)
 */
export async function assertAgreed(yes: boolean | undefined, asked: Asked): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandError(
      `Nobody can be asked without a terminal: --yes ${asked.withYes}.`,
      exitCodes.usage.code,
    );
  }
  const { default: confirm } = await import('@inquirer/confirm');
  let agreed = false;
  try {
    agreed = await confirm({ message: asked.question, default: false }, { output: process.stderr });
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new CommandError(asked.declined, exitCodes.interrupted.code);
  }
  if (!agreed) throw new CommandError(asked.declined);
}
