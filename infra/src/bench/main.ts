import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runClosedLoopBench } from './closedloop/runClosedLoopBench.ts';
import { runBudgetBench } from './budget/runBudgetBench.ts';
import { runCommandsBench } from './commands/runCommandsBench.ts';
import { sideNames } from './commands/sides.ts';
import type { SideName } from './commands/sides.ts';
import { runDecideBench } from './decide/runDecideBench.ts';
import { tableOf } from './figure.ts';
import type { Figure } from './figure.ts';
import { runProjectionBench } from './projection/runProjectionBench.ts';
import { runPropagationBench } from './propagation/runPropagationBench.ts';
import { runQueriesBench } from './queries/runQueriesBench.ts';
import { runRestoreBench } from './restore/runRestoreBench.ts';
import { runRightsizeBench } from './rightsize/runRightsizeBench.ts';
import { runUsageBench } from './usage/runUsageBench.ts';

const USAGE = `usage: ./prorata bench restore [--json] [--out FILE] [--quotas N]
       ./prorata bench queries [--json] [--out FILE] [--quotas N] [--audit-rows N]
       ./prorata bench commands [--json] [--out FILE] [--callers N,N…] [--seconds S] [--rounds N] [--sides A,B] [--profile DIR]
       ./prorata bench projection [--json] [--out FILE] [--events N] [--seconds S]
       ./prorata bench propagation [--json] [--out FILE] [--changes N]
       ./prorata bench decide [--json] [--out FILE] [--rounds N]
       ./prorata bench closedloop [--json] [--out FILE] [--seeds N]
       ./prorata bench usage [--json] [--out FILE] [--records N] [--rows N]
       ./prorata bench budget [--json] [--out FILE] [--budgets N]
       ./prorata bench rightsize [--json] [--out FILE] [--limits N]

  commands      accepted commands a second and their latencies over HTTP, beside the same Express in front
                of bare kafkajs (the floor) and in front of Emmett on Postgres (a peer)
  restore       folding events beside bare avsc, memory a quota, a snapshot under load, a restore, and
                deciding in trees of growing size
  projection    catching up into Postgres beside COPY of the same rows and beside one transaction per event,
                and how long an accepted command takes to be readable
  queries       how long each question waits for its answer, over tables of a million quotas
  propagation   from an accepted command to the first decision under it, by Kafka with 1 and 20 hosts and by HTTP
                with 1 and 1000; deciding while rules load; a change at the root of a large tree
  decide        one decision of the host SDK beside the packages that limit in a process, a bucket written
                by hand and the bare arithmetic (the floor); needs no stack
  usage         usage records from the topic to the committed table, beside bare kafkajs and bare DuckDB; rolling up
                a usage table as its days come, and percentiles from it, beside DuckDB's SQL written by hand over
                one sorted file
  rightsize     a whole evaluation of the rightsizer, from 14 days of roll-ups, beside a bare scan of the windows that they
                are of and beside KRR's rule as SQL over them; needs no stack
  closedloop    a quarter in virtual time, held by a planner, by KRR and by the control loops: waste, refused work,
                money over budget and changes; needs no stack

  --json        a line of JSON for each figure instead of the table
  --out FILE    the lines of JSON go there too
  --callers     numbers of callers (default 1,100,500)
  --seconds S   how long each side bears each number of callers in each round (default 6)
  --rounds N    how often all sides take turns (default 2)
  --sides       those to measure (default ours,bare,emmett)
  --quotas N    how many the tree of the restore, or the tables of the questions, have (default 1000000)
  --audit-rows  how many rows the audit log of the questions has (default 5000000)
  --events N    how many the projection catches up with (default 1000000)
  --rows N      how many the usage table has (default 100000000)
  --changes N   how many each fleet of the propagation sees (default 100)
  --limits N    how many limits the rightsizer looks at (default 100000)
  --budgets N   how many budgets are looked at (default 10000)
  --records N   how many usage records are brought into the table (default 400000)
  --seeds N     how many the closed loop has (default 20)
  --profile DIR CPU profiles of gateway and writer go there; profiling costs some of the speed
`;

const options = {
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  callers: { type: 'string', default: '1,100,500' },
  seconds: { type: 'string', default: '6' },
  rounds: { type: 'string', default: '2' },
  sides: { type: 'string', default: sideNames.join(',') },
  quotas: { type: 'string', default: '1000000' },
  'audit-rows': { type: 'string', default: '5000000' },
  events: { type: 'string', default: '1000000' },
  changes: { type: 'string', default: '100' },
  rows: { type: 'string', default: '100000000' },
  records: { type: 'string', default: '400000' },
  budgets: { type: 'string', default: '10000' },
  limits: { type: 'string', default: '100000' },
  seeds: { type: 'string', default: '20' },
  profile: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const CALLERS_MAX = 2_000;
const SECONDS_MAX = 60;
const ROUNDS_MAX = 20;
const QUOTAS_MAX = 1_010_000;
const AUDIT_ROWS_MAX = 50_000_000;
const EVENTS_MAX = 10_000_000;
const CHANGES_MAX = 10_000;
const ROWS_MAX = 1_000_000_000;
const RECORDS_MAX = 10_000_000;
const BUDGETS_MAX = 100_000;
const LIMITS_MAX = 1_000_000;
const SEEDS_MAX = 1_000;

/** The command line makes no sense. */
class Unusable extends Error {
  override readonly name = 'Unusable';
}

function numberOf(text: string, name: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Unusable(`--${name} takes whole numbers from 1 to ${max}, not ${text}.`);
}

function sideNamed(name: string): SideName {
  const side = sideNames.find((each) => each === name);
  if (side === undefined) throw new Unusable(`There is no side called ${name}.`);
  return side;
}

/** What shells say of a process that SIGINT has ended. */
const INTERRUPTED_EXIT = 130;

function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      process.stderr.write(`\n${name}: stopping the bench …\n`);
      controller.abort();
    });
  }
  return controller.signal;
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function benchNamed(
  name: string | undefined,
  values: Values,
): ((signal: AbortSignal) => Promise<readonly Figure[]>) | null {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  if (name === 'decide') {
    const rounds = numberOf(values.rounds, 'rounds', ROUNDS_MAX);
    return (signal) => runDecideBench({ rounds, signal, progress });
  }
  if (name === 'closedloop') {
    const seeds = numberOf(values.seeds, 'seeds', SEEDS_MAX);
    return (signal) => runClosedLoopBench({ seeds, signal, progress });
  }
  if (name === 'budget') {
    const budgets = numberOf(values.budgets, 'budgets', BUDGETS_MAX);
    return (signal) => runBudgetBench({ budgets, signal, progress });
  }
  if (name === 'usage') {
    const rows = numberOf(values.rows, 'rows', ROWS_MAX);
    const records = numberOf(values.records, 'records', RECORDS_MAX);
    return (signal) => runUsageBench({ rows, records, signal, progress });
  }
  if (name === 'rightsize') {
    const limits = numberOf(values.limits, 'limits', LIMITS_MAX);
    return (signal) => runRightsizeBench({ limits, signal, progress });
  }
  if (name === 'propagation') {
    const changes = numberOf(values.changes, 'changes', CHANGES_MAX);
    return (signal) => runPropagationBench({ changes, signal, progress });
  }
  if (name === 'restore') {
    const quotas = numberOf(values.quotas, 'quotas', QUOTAS_MAX);
    return (signal) => runRestoreBench({ quotas, signal, progress });
  }
  if (name === 'queries') {
    const quotas = numberOf(values.quotas, 'quotas', QUOTAS_MAX);
    const auditRows = numberOf(values['audit-rows'], 'audit-rows', AUDIT_ROWS_MAX);
    return (signal) => runQueriesBench({ quotas, auditRows, signal, progress });
  }
  const seconds = numberOf(values.seconds, 'seconds', SECONDS_MAX);
  if (name === 'projection') {
    const events = numberOf(values.events, 'events', EVENTS_MAX);
    return (signal) => runProjectionBench({ events, seconds, signal, progress });
  }
  if (name !== 'commands') return null;
  const callers = values.callers.split(',').map((each) => numberOf(each, 'callers', CALLERS_MAX));
  const rounds = numberOf(values.rounds, 'rounds', ROUNDS_MAX);
  const sides = values.sides.split(',').map(sideNamed);
  const profileDirectory = values.profile ?? null;
  return (signal) =>
    runCommandsBench({ sides, callers, seconds, rounds, profileDirectory, signal, progress });
}

async function report(figures: readonly Figure[], { json, out }: Values): Promise<void> {
  const lines = figures.map((figure) => `${JSON.stringify(figure)}\n`).join('');
  process.stdout.write(json ? lines : `${tableOf(figures)}\n`);
  if (out === undefined) return;
  await mkdir(path.dirname(path.resolve(out)), { recursive: true });
  await writeFile(out, lines);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const bench = benchNamed(positionals[0], values);
  if (bench === null || positionals.length !== 1) {
    const named = positionals.join(' ');
    throw new Unusable(named === '' ? 'Which bench?' : `There is no bench called ${named}.`);
  }
  const signal = abortOnSignal();
  try {
    await report(await bench(signal), values);
    return 0;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED_EXIT;
    throw error;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof Unusable ||
    String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
