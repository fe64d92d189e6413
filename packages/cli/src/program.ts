import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { down, reset } from './down.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import type { CreateKeyOptions, KeyFileOptions } from './keys.ts';
import { logs } from './logs.ts';
import { audit, bench, chaos, check, demo } from './passOn.ts';
import { status } from './status.ts';
import { test } from './testCommand.ts';
import { token } from './token.ts';
import type { TokenOptions } from './token.ts';
import { up } from './up.ts';
import type { UpOptions } from './up.ts';

const { version } = manifest;

type Finish = (exitCode: number) => void;

const addressesOption =
  'print the addresses as one JSON object; postgres has its password in it, for scripts to connect with';

function stackCommands(program: Command, finish: Finish): void {
  program
    .command('up')
    .description(
      'start the local stack, or what of it is not running, and print where everything is',
    )
    .option('--json', addressesOption)
    .option('--services <names>', 'only these services, comma-separated; none: only their backing')
    .action(async (options: UpOptions) => finish(await up(options)));
  program
    .command('down')
    .description('stop the local stack; its data stays')
    .action(async () => finish(await down()));
  program
    .command('status')
    .description('what runs where, and how it is; exit 0 only when all of it is ready')
    .option('--json', addressesOption)
    .action(async (options: { json?: boolean }) => finish(await status(options)));
  program
    .command('logs [part]')
    .description('what one part, or every part, has logged last')
    .option('-f, --follow', 'go on with what is added')
    .action(async (part: string | undefined, options: { follow?: boolean }) =>
      finish(await logs(part, options)),
    );
  program
    .command('reset')
    .description('stop the local stack and forget its data, logs and secrets')
    .action(async () => finish(await reset()));
  program
    .command('token')
    .description('print a token of the local stack, with all roles unless told')
    .option('--subject <name>', 'whom it names', 'local-admin')
    .option('--kind <kind>', 'user, service or robot', 'user')
    .option('--role <names...>', 'its roles, which hold everywhere')
    .option('--grant <grants...>', 'roles that hold in a part alone: operator@moka/prod')
    .option('--group <names...>', 'its groups of the identity provider, which own quotas')
    .option('--application <id>', 'binds it to one application')
    .action(async (options: TokenOptions) => finish(await token(options)));
}

function keyCommands(program: Command, finish: Finish): void {
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
    .option('--group <names...>', 'its groups, which own quotas')
    .option('--application <id>', 'binds it to one application')
    .option('--days <count>', 'how long it lasts, at most 366', '90')
    .option(...file)
    .action(async (options: CreateKeyOptions) => finish(await createKey(options)));
  keys
    .command('list')
    .description('every key, without its secret')
    .option('--json', 'one object a line')
    .option(...file)
    .action(async (options: KeyFileOptions & { json?: boolean }) =>
      finish(await listKeys(options)),
    );
  keys
    .command('revoke <id>')
    .description('end a key now; services learn of it within a minute')
    .option(...file)
    .action(async (id: string, options: KeyFileOptions) => finish(await revokeKey(id, options)));
}

function passedOn(program: Command, finish: Finish): void {
  const passOn = (
    name: string,
    description: string,
    run: (rest: readonly string[]) => Promise<number>,
  ): void => {
    program
      .command(name)
      .description(description)
      .argument('[arguments...]')
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (rest: string[]) => finish(await run(rest)));
  };
  passOn('demo', 'the whole loop, once round, on real parts; every line checked', demo);
  passOn('bench', 'one benchmark beside its peers and its floor (bench commands)', bench);
  passOn(
    'chaos',
    'load on real parts while they are killed and frozen; nothing lost or doubled',
    chaos,
  );
  passOn('audit', 'verify or export the log (audit verify, audit export)', audit);
}

/** The command line of DESIGN §9. `finish` is told the exit code. */
export function createProgram(finish: Finish): Command {
  const program = new Command('prorata').enablePositionalOptions().exitOverride();
  program.version(version, '--version', 'print the version');
  program.description('Prorata: quotas of every kind, for every system you run');
  stackCommands(program, finish);
  keyCommands(program, finish);
  passedOn(program, finish);
  program
    .command('test [reach]')
    .description('run the tests: unit, int, sim, e2e, nightly, or all but the nightly ones')
    .action(async (reach: string | undefined) => finish(await test(reach)));
  program
    .command('check')
    .description('types, lint, format, directions of dependencies, generated files')
    .action(async () => finish(await check()));
  return program;
}
