import { serviceNames, startLocalStack, withStackLock } from '@prorata/infra';
import type { LocalStack, ServiceName } from '@prorata/infra';
import { colours } from './output/colours.ts';
import { CommandError } from './commandError.ts';
import { answer, tell, withoutPassword } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

export interface UpOptions {
  readonly json?: boolean;
  /** Comma-separated; all by default; `none` starts only what services stand on. */
  readonly services?: string;
}

function servicesOf(text: string | undefined): readonly ServiceName[] | 'all' {
  if (text === undefined) return 'all';
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const service = serviceNames.find((known) => known === name.trim());
    if (service === undefined) {
      throw new CommandError(`no service ${name}; there are ${serviceNames.join(', ')}`, 2);
    }
    return service;
  });
}

/** Ctrl-C gives the start up and ends what it had started; a second one does not wait for that. */
function abortOnSignal(): AbortController {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // What was started has a guard of its own and ends with us.
      if (abort.signal.aborted) process.exit(130);
      tell('giving up; ending what was started …');
      abort.abort();
    });
  }
  return abort;
}

function report(stack: LocalStack): void {
  const { addresses } = stack;
  answer(colours.bold('Prorata is up.'));
  for (const [name, address] of Object.entries(addresses)) {
    answer(`  ${name.padEnd(9)} ${withoutPassword(String(address))}`);
  }
  answer(`  logs      ${stack.directory}/logs`);
  answer(`  secrets   ${stack.directory}/secrets`);
  answer('Next: ./prorata token, ./prorata status, ./prorata down');
}

/** Starts what of the stack is not running, and leaves it running. */
export async function up(options: UpOptions): Promise<number> {
  const services = servicesOf(options.services);
  const abort = abortOnSignal();
  const directory = stackDirectory();
  const namespace = process.env['PRORATA_NAMESPACE'];
  try {
    const stack = await withStackLock(directory, () =>
      startLocalStack({
        directory,
        services,
        detached: true,
        usualPorts: true,
        useExternal: true,
        ...(namespace === undefined || namespace === '' ? {} : { namespace }),
        progress: tell,
        signal: abort.signal,
      }),
    );
    if (options.json === true) answer(JSON.stringify(stack.addresses));
    else report(stack);
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 130;
    throw error;
  }
}
