import { removeStack, stopStack, withStackLock } from '@prorata/infra';
import { answer } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

export async function down(): Promise<number> {
  const directory = stackDirectory();
  const stopped = await withStackLock(directory, () => stopStack(directory));
  answer(stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(', ')}.`);
  return 0;
}

export async function reset(): Promise<number> {
  const directory = stackDirectory();
  await withStackLock(directory, () => removeStack(directory));
  answer('The stack is stopped, and its data, logs and secrets are gone.');
  return 0;
}
