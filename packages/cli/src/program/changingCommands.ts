import type { Command } from 'commander';
import type { OverrideOptions } from '../commands/override.ts';
import type { ProposalOptions } from '../commands/proposals.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const reasonOption = ['--reason <text>', 'why, for the audit log'] as const;

/** What changes one thing at once. */
export function changingCommands(program: Command, finish: Finish): void {
  program
    .command('override')
    .description(
      'put limits above every other layer until a known end, block a quota, or lift either',
    )
    .argument('<quota>', 'its id: moka/prod/ads')
    .option(
      '--limit <limits...>',
      'tokens=90000/s, tokens=90000/5m,burst=120000, requests=400, requests=blocked',
    )
    .option('--block', 'block all of it, and all below')
    .option('--lift', 'end what is there')
    .option('--for <length>', 'how long: 90m, 2h, 3d')
    .option('--until <time>', 'until when, RFC 3339')
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (id: string, options: OverrideOptions) =>
      finish(await (await import('../commands/override.ts')).override(id, options)),
    );
  const proposal = (verb: 'approve' | 'reject' | 'withdraw', description: string): void => {
    program
      .command(verb)
      .description(description)
      .argument('<proposal>', 'its id: moka-p7')
      .requiredOption(...reasonOption)
      .addOption(outputOption())
      .action(async (id: string, options: ProposalOptions) =>
        finish(await (await import('../commands/proposals.ts')).decideProposal(verb, id, options)),
      );
  };
  proposal('approve', 'approve what waits for a second person; it is validated anew');
  proposal('reject', 'decline what waits for a second person');
  proposal('withdraw', 'take back what one has proposed oneself');
}
