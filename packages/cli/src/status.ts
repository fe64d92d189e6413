import { inspectStack } from '@prorata/infra';
import type { PartStatus, StackStatus } from '@prorata/infra';
import { colours as screen } from './output/colours.ts';
import { CommandError } from './commandError.ts';
import { answer, withoutPassword } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

const colours: Record<PartStatus['state'], (text: string) => string> = {
  ready: screen.green,
  external: screen.green,
  'not ready': screen.yellow,
  down: screen.red,
};

function table(status: StackStatus): string[] {
  return status.parts.map(({ part, state, pid, address }) => {
    const process = pid === null ? '' : `process ${String(pid)}`;
    return `${part.padEnd(11)}${colours[state](state.padEnd(11))}${withoutPassword(address).padEnd(48)} ${process}`;
  });
}

/** 0 only when every part is there and ready. */
export async function status(options: { readonly json?: boolean }): Promise<number> {
  const directory = stackDirectory();
  const found = await inspectStack(directory);
  if (found === undefined)
    throw new CommandError('There is no stack yet: ./prorata up starts one.');
  if (options.json === true) {
    answer(JSON.stringify(found.addresses));
    return found.ready ? 0 : 1;
  }
  for (const line of table(found)) answer(line);
  answer(`usage      ${found.addresses.usage}`);
  answer(`logs       ${directory}/logs`);
  answer(`secrets    ${directory}/secrets`);
  return found.ready ? 0 : 1;
}
