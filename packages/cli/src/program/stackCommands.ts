import type { Command } from 'commander';
import type { ResetOptions } from '../down.ts';
import type { CreateKeyOptions, KeyFileOptions } from '../keys.ts';
import type { TokenOptions } from '../token.ts';
import type { UpOptions } from '../up.ts';
import type { Finish } from './finish.ts';

const addressesOption =
  'print the addresses as one JSON object; postgres has its password in it, for scripts to connect with';

/** What starts, stops and shows the local stack. Each command loads what it runs, so that none waits for another's. */
export function stackCommands(program: Command, finish: Finish): void {
  program
    .command('up')
    .description(
      'start the local stack, or what of it is not running, and print where everything is',
    )
    .option('--json', addressesOption)
    .option('--services <names>', 'only these services, comma-separated; none: only their backing')
    .action(async (options: UpOptions) => finish(await (await import('../up.ts')).up(options)));
  program
    .command('down')
    .description('stop the local stack; its data stays')
    .action(async () => finish(await (await import('../down.ts')).down()));
  program
    .command('status')
    .description('what runs where, and how it is; exit 0 only when all of it is ready')
    .option('--json', addressesOption)
    .action(async (options: { json?: boolean }) =>
      finish(await (await import('../status.ts')).status(options)),
    );
  program
    .command('logs [part]')
    .description('what one part, or every part, has logged last')
    .option('-f, --follow', 'go on with what is added')
    .action(async (part: string | undefined, options: { follow?: boolean }) =>
      finish(await (await import('../logs.ts')).logs(part, options)),
    );
  program
    .command('reset')
    .description('stop the local stack and forget its data, logs and secrets, once that is agreed')
    .option('-y, --yes', 'do not ask')
    .action(async (options: ResetOptions) =>
      finish(await (await import('../down.ts')).reset(options)),
    );
  program
    .command('token')
    .description('print a token of the local stack, with all roles unless told')
    .option('--subject <name>', 'whom it names', 'local-admin')
    .option('--kind <kind>', 'user, service or robot', 'user')
    .option('--role <names...>', 'its roles, which hold everywhere')
    .option('--grant <grants...>', 'roles that hold in a part alone: operator@moka/prod')
    .option('--group <names...>', 'its groups, each as the quotas that it owns name it: group:ads')
    .option('--application <id>', 'binds it to one application')
    .action(async (options: TokenOptions) =>
      finish(await (await import('../token.ts')).token(options)),
    );
}

export function keyCommands(program: Command, finish: Finish): void {
  const keys = program
    .command('keys')
    .description('API keys for services: their hashes stand in a file that services read');
  const file = ['--file <file>', 'the file of hashes, instead of the local stack’s'] as const;
  keys
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--subject <name>', 'whose it is')
    .option('--kind <kind>', 'service, robot or user', 'service')
    .option(
      '--issuer <url>',
      'whose subject that is: needed for a person, who is the same by tokens',
    )
    .option('--role <names...>', 'its roles, which hold everywhere')
    .option('--grant <grants...>', 'roles that hold in a part alone: operator@moka/prod')
    .option('--group <names...>', 'its groups, each as the quotas that it owns name it: group:ads')
    .option('--application <id>', 'binds it to one application')
    .option('--days <count>', 'how long it lasts, at most 366', '90')
    .option(...file)
    .action(async (options: CreateKeyOptions) =>
      finish(await (await import('../keys.ts')).createKey(options)),
    );
  keys
    .command('list')
    .description('every key, without its secret')
    .option('--json', 'one object a line')
    .option(...file)
    .action(async (options: KeyFileOptions & { json?: boolean }) =>
      finish(await (await import('../keys.ts')).listKeys(options)),
    );
  keys
    .command('revoke <id>')
    .description('end a key now; services learn of it within a minute')
    .option(...file)
    .action(async (id: string, options: KeyFileOptions) =>
      finish(await (await import('../keys.ts')).revokeKey(id, options)),
    );
}
