import process from 'node:process';
import { parseArgs } from 'node:util';
import { held } from './chaosResult.ts';
import { runChaos } from './runChaos.ts';

const USAGE = `usage: ./prorata chaos --seconds S --seed N [--brokers 1|3]

  --seconds S   how long the load lasts while processes are killed and frozen
  --seed N      which blows fall, and what callers send (default 1)
  --brokers N   one broker, or three with every record on two of them at least (default 1)

The last line is {"sent","accepted","refused","unknown","inLog","lost","duplicated"}; exit 0 only when
nothing is lost, nothing doubled and no answer unknown.
`;

const SECONDS_PRESET = 60;
const SECONDS_MAX = 86_400;
const SEED_MAX = 2 ** 31 - 1;
const INTERRUPTED_EXIT = 130;

class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

function wholeNumber(name: string, value: string, max: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > max)
    throw new WrongArguments(`--${name} is a whole number from 1 to ${max}.`);
  return number;
}

function readArguments(): { seconds: number; seed: number; brokers: 1 | 3 } | null {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(SECONDS_PRESET) },
      seed: { type: 'string', default: '1' },
      brokers: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  if (values.brokers !== '1' && values.brokers !== '3')
    throw new WrongArguments('--brokers is 1 or 3.');
  return {
    seconds: wholeNumber('seconds', values.seconds, SECONDS_MAX),
    seed: wholeNumber('seed', values.seed, SEED_MAX),
    brokers: values.brokers === '1' ? 1 : 3,
  };
}

/** The first asks for an orderly end; whoever asks twice means it. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => controller.abort(new Error(name)));
  return controller.signal;
}

async function main(): Promise<number> {
  const wanted = readArguments();
  if (wanted === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const signal = abortOnSignal();
  const startedMs = performance.now();
  const tell = (line: string): void => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stderr.write(`${seconds.padStart(7)} s  ${line}\n`);
  };
  try {
    const { result, faults } = await runChaos({ ...wanted, signal, tell });
    for (const fault of faults) tell(fault);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return held(result) ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED_EXIT;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
// A client that still tries to reach a broker must not keep the process from ending.
process.exit();
