import type { Command } from 'commander';
import type { CostOptions } from '../commands/costs.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

/** What is charged, as the ledger has it. */
export function costCommand(program: Command, finish: Finish): void {
  program
    .command('costs')
    .description('what an organization is charged: sums by anything, or lines that add up')
    .argument('<organization>', 'whose; nobody: usage that nobody pays for')
    .option(
      '--by <names>',
      'sums by any of project, category, application, resource, quota, name, day, month, correction, with commas',
      'project,application,resource',
    )
    .option('--lines', 'the lines themselves, in place of sums')
    .option('--from <time>', 'dated from then on; left out: the start of this month')
    .option('--to <time>', 'dated before then; left out: the end of this month')
    .option('--project <project>', 'of this project alone: acme/assistant')
    .option('--price-book <book>', 'by this book; needed where the organization has several')
    .option('--category <name>', 'usage, idle, shared or credit alone')
    .option('--application <name>', 'of this application alone')
    .option('--resource <name>', 'of this resource alone')
    .option('--quota <id>', 'of this quota alone')
    .option(
      '--as-of <moment>',
      'what was known then: a time, snapshot:<id>, or what an answer says',
    )
    .option('--csv', 'as CSV, for spreadsheets')
    .option(
      '--focus <file>',
      'all lines in the columns of FOCUS 1.2, as costs.csv or costs.parquet',
    )
    .addOption(outputOption())
    .action(async (organization: string, options: CostOptions) =>
      finish(await (await import('../commands/costs.ts')).costs(organization, options)),
    );
}
