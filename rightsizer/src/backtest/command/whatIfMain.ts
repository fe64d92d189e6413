import { parseWords, runCommand } from '@prorata/service-runtime';
import { whatIfCommand } from './whatIfCommand.ts';

const USAGE = `usage: what-if SUBTREE [--policy FILE] [--class batch|serving|guaranteed]
               [--from TIME] [--to TIME] [--resource NAME] [--json]

  What the rightsizer would have changed of the limits in a subtree, by a policy, had it run then: the same function on
  the usage table, and the limits that were in force beside it. Nothing is changed.
  --policy    a policy file to try; without it the one that the rightsizer runs by
  --class     takes all limits for this class, whatever their quotas say
  --from      the first step that is judged; a week before --to. Demand before it is looked back over
  --to        the end; that of the latest usage
exit 0: it ran; 2: it could not be done
`;

const options = {
  help: { type: 'boolean', short: 'h' },
  policy: { type: 'string' },
  class: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  resource: { type: 'string' },
  json: { type: 'boolean' },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(args, options);
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  return whatIfCommand(positionals, values);
}

runCommand(run, USAGE);
