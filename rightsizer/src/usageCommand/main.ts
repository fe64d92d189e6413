import { parseWords, runCommand, UsageError } from '@prorata/service-runtime';
import { importCommand } from './importCommand.ts';
import { quarantineCommand } from './quarantineCommand.ts';
import { queryCommand } from './queryCommand.ts';
import { verifyCommand } from './verifyCommand.ts';

const USAGE = `usage: usage import FILE… [--mapping FILE] [--dry-run] [--json] and what its columns mean:
                     [--format csv|ndjson|parquet|yunikorn] [--separator C] --quota 'moka/{queue}'
                     --start COLUMN (--end COLUMN | --for 5m) [--time s|ms|us] [--project T] [--zone T] [--host T]
                     --resource NAME (--used COLUMN | --gauge COLUMN) [--refused C] [--queued C] [--peak C] [--scale N]
       usage query "SELECT …" [--as-of SNAPSHOT|TIME] [--output table|json|csv] [--limit N] [--timeout SECONDS]
       usage quarantine [--reason CODE] [--source S] [--limit N] [--json]
       usage verify [--json]

  import      brings usage of elsewhere into the table, each line once: the same file again changes nothing, and
              an import that was interrupted goes on where it ended. What cannot be counted goes to quarantine
  --quota     which quota a line is about; {column} is what stands there, {column:id} the same as ids are written
  --gauge     a column with what was held all through the window, such as an average; --used: one with an amount
  --scale     base units in one of the column's: 1000 for cores in milli-vcore
  --time      what plain numbers count since 1970; other times are RFC 3339, UTC without a zone
  --mapping   all this as a JSON file, with several resources and other names for values
  --dry-run   says what would come, and writes nothing
  query       answers one SELECT over the tables usage and quarantine of one version, and writes nothing
  quarantine  what was not counted, by reason, and the newest of it
  verify      compares topic, table and ledger, and names the first difference
exit 0: done, nothing wrong; 1: verify found a difference; 2: it could not be done
`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  format: { type: 'string' },
  mapping: { type: 'string' },
  separator: { type: 'string' },
  quota: { type: 'string' },
  project: { type: 'string' },
  zone: { type: 'string' },
  host: { type: 'string' },
  start: { type: 'string' },
  end: { type: 'string' },
  for: { type: 'string' },
  time: { type: 'string' },
  resource: { type: 'string' },
  used: { type: 'string' },
  refused: { type: 'string' },
  queued: { type: 'string' },
  peak: { type: 'string' },
  gauge: { type: 'string' },
  scale: { type: 'string' },
  'dry-run': { type: 'boolean' },
  'as-of': { type: 'string' },
  output: { type: 'string', short: 'o' },
  limit: { type: 'string' },
  timeout: { type: 'string' },
  reason: { type: 'string' },
  source: { type: 'string' },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(args, options);
  const [command, ...words] = positionals;
  if (values.help === true || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const alone = (): void => {
    if (words.length > 0) throw new UsageError(`${words.join(' ')} is not expected.`);
  };
  switch (command) {
    case 'import':
      return importCommand(words, values);
    case 'query':
      return queryCommand(words, values);
    case 'quarantine':
      alone();
      return quarantineCommand(values);
    case 'verify':
      alone();
      return verifyCommand(values);
    default:
      throw new UsageError(`${command ?? 'That'} is none of import, query, quarantine, verify.`);
  }
}

runCommand(run, USAGE);
