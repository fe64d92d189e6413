import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchLines, reportOf } from './closedLoopReport.ts';
import { runsOf } from './closedLoopRuns.ts';
import type { ClosedLoopRun } from './closedLoopRuns.ts';
import { keptRuns, withTables } from './keptReport.ts';

const USAGE = `usage: node rightsizer/src/simulation/main.ts [--seeds N] [--first N] [--days N] [--json]
                                                    [--out FILE] [--from FILE] [--report FILE]

  A quarter's demand of 48 quotas, held by a planner, by KRR and by the control loops, in virtual time: waste,
  refused work, money over budget and changes, over seeds, with intervals. A seed takes half a minute.

  --seeds N      how many (default 20)
  --first N      the first of them (default 1)
  --days N       how long each is; the first 14 are not judged (default 91)
  --json         a line of JSON for each figure instead of the tables
  --out FILE     a line of JSON for each seed and arm goes there
  --from FILE    nothing is run: the lines that an earlier run left
  --report FILE  its tables are put in the place of those in this page
`;

const SEEDS_MAX = 1_000;
const DAYS = [15, 400] as const;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    days: { type: 'string', default: '91' },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
    from: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function whole(text: string, least: number, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  process.stderr.write(`${text} is no whole number from ${least} to ${most}.\n\n${USAGE}`);
  process.exit(2);
}

async function run(): Promise<ClosedLoopRun[]> {
  const seeds = whole(values.seeds, 2, SEEDS_MAX);
  const first = whole(values.first, 0, 1_000_000);
  const days = whole(values.days, ...DAYS);
  const runs: ClosedLoopRun[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    for await (const line of runsOf({ seed, days, window: 'month' })) runs.push(line);
    process.stderr.write(`seed ${seed} of ${first + seeds - 1}\n`);
  }
  return runs;
}

if (values.help) {
  process.stdout.write(USAGE);
} else {
  const runs =
    values.from === undefined ? await run() : keptRuns(await readFile(values.from, 'utf8'));
  if (values.out !== undefined) {
    await writeFile(values.out, runs.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
  if (values.report !== undefined) {
    const page = await readFile(values.report, 'utf8');
    await writeFile(values.report, withTables(page, runs));
  }
  process.stdout.write(
    values.json
      ? [...benchLines(runs)].map((line) => `${JSON.stringify(line)}\n`).join('')
      : reportOf(runs),
  );
}
