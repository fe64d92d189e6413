import type { Command } from 'commander';
import type { RolloutOptions, RolloutVerb, StartOptions } from '../commands/rollout.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const reasonOption = ['--reason <text>', 'why, for the audit log'] as const;

/** Changes that reach hosts in stages. */
export function rolloutCommands(program: Command, finish: Finish): void {
  const rollout = program
    .command('rollout')
    .description('bring a change of quotas to hosts in stages');
  rollout
    .command('start')
    .description('start what a file says')
    .requiredOption('-f, --file <file>', 'the rollout, as YAML or JSON; - is stdin')
    .option('--dry-run', 'tell which limits would change, and how many hosts each stage reaches')
    .option('--waive <checks...>', 'safety checks, each as CHECK:why')
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (options: StartOptions) =>
      finish(await (await import('../commands/rollout.ts')).startRollout(options)),
    );
  const step = (verb: RolloutVerb, description: string): void => {
    rollout
      .command(verb)
      .description(description)
      .argument('<rollout>', 'its id: moka-r7')
      .requiredOption(...reasonOption)
      .addOption(outputOption())
      .action(async (id: string, options: RolloutOptions) =>
        finish(await (await import('../commands/rollout.ts')).stepRollout(verb, id, options)),
      );
  };
  step('advance', 'begin the next stage now');
  step('pause', 'keep it at its stage');
  step('resume', 'let it go on; its stage bakes anew');
  step('promote', 'declare what it brings: all hosts enforce it');
  step('rollback', 'end it: all hosts enforce what is declared');
  rollout
    .command('list')
    .description('rollouts, those that are over included')
    .argument('[application]', 'of this one alone')
    .option('--status <status>', 'on, paused, promoted or rolled_back')
    .addOption(outputOption())
    .action(async (application: string | undefined, options: OutputOptions) =>
      finish(await (await import('../commands/rollout.ts')).listRollouts(application, options)),
    );
  rollout
    .command('show')
    .description('one rollout: its stages, when each began, and on what evidence')
    .argument('<rollout>', 'its id: moka-r7')
    .addOption(outputOption())
    .action(async (id: string, options: OutputOptions) =>
      finish(await (await import('../commands/rollout.ts')).showRollout(id, options)),
    );
}
