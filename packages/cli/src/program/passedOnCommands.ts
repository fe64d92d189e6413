import type { Command } from 'commander';
import type { Finish } from './finish.ts';

type Entry = 'demo' | 'bench' | 'chaos' | 'audit' | 'projections';

/** Commands whose arguments a folder's own entry reads. */
export function passedOnCommands(program: Command, finish: Finish): void {
  const passOn = (name: Entry, description: string): void => {
    program
      .command(name)
      .description(description)
      .argument('[arguments...]')
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (rest: string[]) => finish(await (await import('../passOn.ts'))[name](rest)));
  };
  passOn('demo', 'the whole loop, once round, on real parts; every line checked');
  passOn('bench', 'one benchmark beside its peers and its floor (bench commands)');
  passOn('chaos', 'load on real parts while they are killed and frozen; nothing lost or doubled');
  passOn(
    'audit',
    'verify the log, export parts of it, replay it (audit verify, audit export, audit replay)',
  );
  passOn(
    'projections',
    'the copies of the read models, and rebuilding one while it is read (projections list)',
  );
}

export function workCommands(program: Command, finish: Finish): void {
  program
    .command('test [reach]')
    .description('run the tests: unit, int, sim, e2e, nightly, or all but the nightly ones')
    .action(async (reach: string | undefined) =>
      finish(await (await import('../testCommand.ts')).test(reach)),
    );
  program
    .command('check')
    .description('types, lint, format, directions of dependencies, generated files')
    .action(async () => finish(await (await import('../passOn.ts')).check()));
}
