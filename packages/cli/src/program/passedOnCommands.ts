import { Argument } from 'commander';
import type { Command } from 'commander';
import type { AuditSearchOptions } from '../commands/auditSearch.ts';
import { completionScript, shells } from '../completion.ts';
import type { Shell } from '../completion.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

type Entry = 'demo' | 'bench' | 'chaos' | 'audit' | 'projections' | 'usage' | 'backtest' | 'whatIf';

/** Commands whose arguments a folder's own entry reads. */
export function passedOnCommands(program: Command, finish: Finish): void {
  const passOn = (entry: Entry, description: string): Command =>
    program
      .command(entry === 'whatIf' ? 'what-if' : entry)
      .description(description)
      .argument('[arguments...]')
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (rest: string[]) => finish(await (await import('../passOn.ts'))[entry](rest)));
  passOn('demo', 'the whole loop, once round, on real parts; every line checked');
  passOn('bench', 'one benchmark beside its peers and its floor (bench commands)');
  passOn('chaos', 'load on real parts while they are killed and frozen; nothing lost or doubled');
  passOn('backtest', 'hold policies against demand that was measured, before one is turned on');
  passOn(
    'whatIf',
    'what a policy would have changed of the limits in a subtree, by what was used of them',
  );
  const audit = passOn(
    'audit',
    'verify the log, export parts of it, replay it (audit verify, audit export, audit replay)',
  );
  searchCommand(audit.usage('[arguments...]'), finish);
  passOn(
    'projections',
    'the copies of the read models, and rebuilding one while it is read (projections list)',
  );
  passOn(
    'usage',
    'bring usage of elsewhere into the table, ask it, and verify it against the topic (usage import, usage query, usage quarantine, usage verify)',
  );
}

/** Of the audit log that the gateway answers for; the others read the log itself. */
function searchCommand(audit: Command, finish: Finish): void {
  audit
    .command('search')
    // Its own: the one above has none, whose entry reads all words itself.
    .helpOption('-h, --help')
    .description('what was decided and what was refused, the latest first, by words and filters')
    .argument('[words...]', 'that its reason has, all of them; quot* for all that begin so')
    .option('--actor <actor>', 'by whom: user:alice, or the subject alone')
    .option('--type <types...>', 'of these events, or of these commands that were refused')
    .option('--code <codes...>', 'refused with one of these codes')
    .option('--command <id>', 'what became of this command')
    .option('--stream <stream>', 'of this stream: application:moka')
    .option('--quota <quota>', 'about this quota, and proposals that name it')
    .option('--within <place>', 'about a quota and all below it, or an application')
    .option('--project <project>', 'about what this project pays for now: acme/assistant')
    .option('--from <time>', 'decided then or later: 10m, 2h ago, a day, or RFC 3339')
    .option('--until <time>', 'decided before')
    .option('--refused', 'refused commands alone')
    .option('--limit <count>', 'so many entries, at most 10000', '50')
    .addOption(outputOption())
    .action(async (words: string[], options: AuditSearchOptions) =>
      finish(await (await import('../commands/auditSearch.ts')).auditSearch(words, options)),
    );
}

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print what has a shell complete commands: source <(./prorata completion bash)')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
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
