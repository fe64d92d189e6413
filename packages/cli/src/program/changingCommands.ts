import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { LENGTH_FORMS, lengthMs } from '../commands/lengthOption.ts';
import type { OverrideOptions } from '../commands/override.ts';
import type { OverrideBudgetOptions } from '../commands/overrideBudget.ts';
import type { ProposalOptions } from '../commands/proposals.ts';
import type { Finish } from './finish.ts';
import { outputOption } from './outputOption.ts';

const reasonOption = ['--reason <text>', 'why, for the audit log'] as const;

/** In a fire nobody wants to read all of a help first. */
const OVERRIDE_EXAMPLE =
  'To type: ./prorata override moka/prod/ads --limit tokens=90000/s --for 2h --reason "…"; ./prorata override --help.';

/** Of an option without its value the parser takes the next one for it: `--for --reason …`. */
function lengthText(text: string): string {
  if (lengthMs(text) !== null) return text;
  throw new InvalidArgumentError(`Write ${LENGTH_FORMS}.`);
}

/** What changes one thing at once. */
export function changingCommands(program: Command, finish: Finish): void {
  program
    .command('override')
    .description(
      'put limits above every other layer until a known end, block a quota, or lift either',
    )
    .showHelpAfterError(OVERRIDE_EXAMPLE)
    .argument('<quota>', 'its id: moka/prod/ads')
    .option(
      '--limit <limits...>',
      'tokens=90000/s, tokens=90000/5m,burst=120000, requests=400, requests=blocked',
    )
    .option('--block', 'block all of it, and all below')
    .option('--lift', 'end what is there')
    .addOption(new Option('--for <length>', 'how long: 90m, 2h, 3d').argParser(lengthText))
    .option('--until <time>', 'until when, RFC 3339')
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (id: string, options: OverrideOptions) =>
      finish(await (await import('../commands/override.ts')).override(id, options)),
    );
  program
    .command('override-budget')
    .description('keep a budget from cutting until a known end, or end that')
    .argument('<budget>', 'its id: acme/assistant-monthly')
    .option('--lift', 'let it cut again')
    .addOption(
      new Option('--for <length>', 'how long, up to 31d: 90m, 2h, 3d').argParser(lengthText),
    )
    .option('--until <time>', 'until when, RFC 3339')
    .requiredOption(...reasonOption)
    .addOption(outputOption())
    .action(async (id: string, options: OverrideBudgetOptions) =>
      finish(await (await import('../commands/overrideBudget.ts')).overrideBudget(id, options)),
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
