import type { Command } from 'commander';
import type { BudgetPlanOptions } from '../commands/budgetPlan.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

/** What there is of money, and why. */
export function budgetCommands(program: Command, finish: Finish): void {
  const budget = program
    .command('budget')
    // The same option of both is that of the one behind which it stands.
    .enablePositionalOptions()
    .description('budgets, or one of them with what is spent of it')
    .argument('[id]', 'an organization, or <organization>/<budget>')
    .addOption(outputOption())
    .action(async (id: string | undefined, options: OutputOptions) =>
      finish(await (await import('../commands/budget.ts')).budget(id, options)),
    );
  budget
    .command('plan')
    .description("what a budget's money buys by its split, and which quotas no longer fit")
    .argument('<id>', '<organization>/<budget>')
    .option('--amount <money>', 'as if the budget were of this amount')
    .addOption(outputOption())
    .action(async (id: string, options: BudgetPlanOptions) =>
      finish(await (await import('../commands/budgetPlan.ts')).budgetPlan(id, options)),
    );
  budget
    .command('explain')
    .description(
      'why a budget cuts, or does not: from usage to money to the cut, and what comes next',
    )
    .argument('<id>', '<organization>/<budget>')
    .addOption(outputOption())
    .action(async (id: string, options: OutputOptions) =>
      finish(await (await import('../commands/budgetExplain.ts')).budgetExplain(id, options)),
    );
}
