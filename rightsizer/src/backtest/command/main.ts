import { parseWords, runCommand } from '@prorata/service-runtime';
import { backtestCommand } from './backtestCommand.ts';

const USAGE = `usage: backtest FILE… --time COLUMN --value COLUMN [--series COLUMN] [--refused COLUMN]
                [--time-unit s|ms|us|ns]
       backtest --table [--subtree moka/prod] [--resource NAME] [--from TIME] [--to TIME]
       and of both [--step 5m] [--lag 5m] [--warm-up 7d]
                [--policy NAME,…] [--class batch|serving|guaranteed] [--change-cost 0.1] [--json] [--per-series]

  Holds our policies, what others do, and two oracles against demand that was measured. A limit rests on nothing
  that ended later than --lag before it.
  FILE          Parquet, CSV or NDJSON; several are read as one
  --table       the usage table, of every limit that usage can be held against; needs the log
  --series      whose demand a row tells; without it all rows are of one series
  --time        a timestamp, RFC 3339, or a number: seconds, ms, us or ns, by its size unless --time-unit says
  --value       what was wanted at that time; of several in one window the highest counts
  --refused     what was refused of it, where --value has only what was let through
  --step        the length of a window; --lag is rounded up to windows
  --warm-up     how much of each series is seen before the first limit; 7d
  --policy      names, or ours, baselines, oracles; all unless told. A policy file (*.json): ours by its terms
  --class       of ours this class alone
  --change-cost c in J = slack + k · unserved + c · changes; 0.1
  --per-series  each series' figures too
exit 0: it ran; 2: it could not be done
`;

const options = {
  help: { type: 'boolean', short: 'h' },
  series: { type: 'string' },
  time: { type: 'string' },
  value: { type: 'string' },
  refused: { type: 'string' },
  'time-unit': { type: 'string' },
  step: { type: 'string' },
  lag: { type: 'string' },
  'warm-up': { type: 'string' },
  policy: { type: 'string', multiple: true },
  class: { type: 'string' },
  'change-cost': { type: 'string' },
  json: { type: 'boolean' },
  'per-series': { type: 'boolean' },
  table: { type: 'boolean' },
  subtree: { type: 'string' },
  resource: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(args, options);
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  return backtestCommand(positionals, values);
}

runCommand(run, USAGE);
