import type { Command } from 'commander';
import type { CreditOptions, GrantOptions } from '../commands/credit.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const reasonOption = ['--reason <text>', 'why, for the audit log'] as const;
const id = ['<credit>', 'its id: acme/outage-january'] as const;

/** Money that lessens what is charged. */
export function creditCommands(program: Command, finish: Finish): void {
  const credit = program
    .command('credit')
    .description('grant money to a project or an organization, or take it back');
  credit
    .command('grant')
    .description('grant money; with the same --at, sent twice, it is granted once')
    .argument(...id)
    .requiredOption('--amount <money>', 'how much, above 0: 250.00')
    .requiredOption('--currency <code>', "the price book's, ISO 4217: EUR")
    .requiredOption('--price-book <book>', 'the price book whose charges it lessens')
    .option('--project <project>', 'whom it is for: acme/assistant; left out: the organization')
    .option(
      '--at <time>',
      'when it counts: 2h (ago), yesterday, 2026-01-02, RFC 3339; left out: now',
    )
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (name: string, options: GrantOptions) =>
      finish(await (await import('../commands/credit.ts')).grantCredit(name, options)),
    );
  credit
    .command('withdraw')
    .description('take a credit back as a whole')
    .argument(...id)
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (name: string, options: CreditOptions) =>
      finish(await (await import('../commands/credit.ts')).withdrawCredit(name, options)),
    );
}
