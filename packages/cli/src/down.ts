import path from 'node:path';
import { dataDirectory, removeStack, stopStack, withStackLock } from '@prorata/infra';
import { assertAgreed } from './commands/agreed.ts';
import { answer, tell } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

export async function down(): Promise<number> {
  const directory = stackDirectory();
  const stopped = await withStackLock(directory, () => stopStack(directory));
  answer(stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(', ')}.`);
  return 0;
}

/** Under the demo's own lock: what a running demo stands on stays. */
async function removeDemo(): Promise<void> {
  const lock = path.join(dataDirectory, 'demo-lock');
  try {
    await withStackLock(lock, () => removeStack(path.join(dataDirectory, 'demo')), 0);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'StackBusy') throw error;
    tell('A demo is running: its data stays, and goes when it ends.');
  }
}

export interface ResetOptions {
  readonly yes?: boolean;
}

/** Asks first: what is forgotten cannot be brought back. */
export async function reset({ yes }: ResetOptions): Promise<number> {
  const directory = stackDirectory();
  await assertAgreed(yes, {
    question: `Stop the stack in ${directory} and forget its data, logs and secrets?`,
    declined: 'Nothing was forgotten.',
    withYes: `stops the stack in ${directory} and forgets all of it`,
  });
  await withStackLock(directory, () => removeStack(directory));
  // A stack in a folder of somebody's own is reset alone.
  if (process.env['PRORATA_STACK_DIRECTORY'] === undefined) await removeDemo();
  answer('The stack is stopped, and its data, logs and secrets are gone.');
  return 0;
}
