import type { Command } from 'commander';
import type { ApplyOptions } from '../commands/apply.ts';
import type { PlanOptions } from '../commands/plan.ts';
import type { RenderOptions } from '../commands/render.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const fileOption = [
  '-f, --file <paths...>',
  'files of quotas, or folders of them; - is stdin',
] as const;
const waiveOption = [
  '--waive <CHECK:why...>',
  'safety checks that are waived for the quotas, by name and with a reason',
] as const;

/** What is declared in files, and made so. */
export function declarationCommands(program: Command, finish: Finish): void {
  program
    .command('plan')
    .description('what apply would create, change and delete, and every check that would fail')
    .requiredOption(...fileOption)
    .option(...waiveOption)
    .option(
      '--detailed-exitcode',
      '0: nothing to change, 1: it would be refused, 2: there is something',
    )
    .addOption(outputOption())
    .action(async (options: PlanOptions) =>
      finish(await (await import('../commands/plan.ts')).plan(options)),
    );
  program
    .command('apply')
    .description('make what there is what files declare; each application at once or not at all')
    .requiredOption(...fileOption)
    .option(
      '--reason <text>',
      'why, for the audit log; needed where prices of the past become others',
    )
    .option(...waiveOption)
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .action(async (options: ApplyOptions) =>
      finish(await (await import('../commands/apply.ts')).apply(options)),
    );
  program
    .command('render <kind>')
    .description(
      "a target's own text (yunikorn, tidb, kubernetes, file, webhook); 1 when it would be refused",
    )
    .requiredOption('--application <application>', 'whose quotas')
    .option('-f, --file <paths...>', 'by these files from nothing, and not by what is in force now')
    .option(
      '--diff',
      'what these files would change of it, and which targets and hosts that reaches',
    )
    .option('--dispatcher <name>', 'by the terms of this one; absent: the first of the kind')
    .action(async (kind: string, options: RenderOptions) =>
      finish(await (await import('../commands/render.ts')).render(kind, options)),
    );
}
