import type { Command } from 'commander';
import type { DiffOptions } from '../commands/diff.ts';
import type { ExplainOptions } from '../commands/explain.ts';
import type { GetOptions } from '../commands/get.ts';
import type { HistoryOptions } from '../commands/history.ts';
import type { HostsOptions } from '../commands/hosts.ts';
import type { TreeOptions } from '../commands/tree.ts';
import { momentOf } from '../commands/momentOption.ts';
import type { WatchOptions } from '../commands/watch.ts';
import { budgetCommands } from './budgetCommands.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const MOMENT = 'a time (2h ago, yesterday, RFC 3339) or a version of the stream';
const asOfOption = ['--as-of <moment>', `at ${MOMENT}`, momentOf] as const;
const place = ['<place>', 'an application, or a quota: moka, moka/prod'] as const;
const quota = ['<quota>', 'its id: moka/prod/ads'] as const;
/** Named here, and not read from the table of lookups, which would be loaded for `--version` too. */
const KINDS =
  'applications, quotas, unused, holdings, commitments, targets, proposals, entitlements, organizations, teams, projects, allocations, cuts, rehearsed-cuts, credits, periods, budgets, price-books, tier-policies; ' +
  'application, quota, proposal, organization, price-book, tier-policy for one of them, whole';

/** What asks and changes nothing. */
export function readingCommands(program: Command, finish: Finish): void {
  stateCommands(program, finish);
  changeCommands(program, finish);
}

/** What there is. */
function stateCommands(program: Command, finish: Finish): void {
  program
    .command('get')
    .description('list what there is of a kind, or show one thing')
    .argument('<what>', KINDS)
    .argument('[id]', 'the application or organization that they are of, or the id of the one')
    .option('--owner <group>', 'of quotas and holdings: whose')
    .option('--project <project>', 'of quotas, holdings and budgets: who pays')
    .option(
      '--state <state>',
      'of quotas: overridden, expiring, cut, oversubscribed; of targets: current, behind, drifted, refused, unreachable, silent',
    )
    .option('--label <name:value>', 'of quotas: with this label; several with commas')
    .option('--search <text>', 'of quotas: whose name begins so; with a slash, whose id')
    .option(...asOfOption)
    .addOption(outputOption())
    .action(async (what: string, id: string | undefined, options: GetOptions) =>
      finish(await (await import('../commands/get.ts')).get(what, id, options)),
    );
  program
    .command('tree')
    .description('the quotas at and below a place, with what is in force and what binds it')
    .argument(...place)
    .option('--depth <levels>', 'so many levels and no more')
    .option('--resource <name>', 'this resource alone')
    .option(...asOfOption)
    .addOption(outputOption())
    .action(async (at: string, options: TreeOptions) =>
      finish(await (await import('../commands/tree.ts')).tree(at, options)),
    );
  program
    .command('explain')
    .description('why what is in force is in force, layer by layer')
    .argument(...quota)
    .option('--resource <name>', 'this resource alone')
    .option(...asOfOption)
    .addOption(outputOption())
    .action(async (id: string, options: ExplainOptions) =>
      finish(await (await import('../commands/explain.ts')).explain(id, options)),
    );
  budgetCommands(program, finish);
  program
    .command('hosts')
    .description('which hosts there are, what each should have applied, was sent, and has applied')
    .argument(
      '[application]',
      'whose hosts; every application that you may read, when it is left out',
    )
    .option(
      '--state <states>',
      'in one of these, with commas: current, behind, drifted, refused, silent, unregistered',
    )
    .option('--zone <zone>', 'in this zone')
    .option('--behind', 'that lack a change, silent ones included')
    .addOption(outputOption())
    .action(async (application: string | undefined, options: HostsOptions) =>
      finish(await (await import('../commands/hosts.ts')).hosts(application, options)),
    );
}

/** What has changed, and what changes. */
function changeCommands(program: Command, finish: Finish): void {
  program
    .command('history')
    .description('what happened to a quota, by whom and why, the latest first')
    .argument(...quota)
    .option('--limit <count>', 'so many entries', '20')
    .option('--refused', 'refused commands, too')
    .addOption(outputOption())
    .action(async (id: string, options: HistoryOptions) =>
      finish(await (await import('../commands/history.ts')).history(id, options)),
    );
  program
    .command('diff')
    .description('what differs at and below a place between two moments')
    .argument(...place)
    .requiredOption('--from <moment>', MOMENT, momentOf)
    .option('--to <moment>', 'the other one; now, when it is left out', momentOf)
    .addOption(outputOption())
    .action(async (at: string, options: DiffOptions) =>
      finish(await (await import('../commands/diff.ts')).diff(at, options)),
    );
  program
    .command('watch')
    .description(
      'tell of changes as they happen, without a gap over lost connections, until Ctrl-C',
    )
    .argument('[place]', 'an application, or a quota: all below it, and what above it reaches it')
    .option('--owner <group>', 'of quotas of this owner')
    .option('--project <project>', 'of quotas that this project pays for')
    .option('--type <events...>', 'of these events alone: QuotaOverridden')
    .option('--after <id>', 'go on after the change of this id, which -o json tells')
    .option('--count <changes>', 'end after so many')
    .addOption(outputOption())
    .action(async (at: string | undefined, options: WatchOptions) =>
      finish(await (await import('../commands/watch.ts')).watch(at, options)),
    );
}
