import process from 'node:process';
import { parseArgs } from 'node:util';
import { runDemo } from './runDemo.ts';

const USAGE = `usage: ./prorata demo [--trace FILE] [--pace N] [--json] [--keep]

  --trace FILE  a Parquet file of LLM requests (service, timestamp, ContextTokens, GeneratedTokens);
                without it the hosts serve a small HTTP load of the demo's own
  --pace N      how many times as fast as it happened the trace is replayed (default 30)
  --json        one JSON object of figures as the last line
  --keep        leave the demo's data in place afterwards
`;

/** The first asks for an orderly end; whoever asks twice means it. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      process.stderr.write(`\n${name}: stopping the demo …\n`);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What shells say of a process that SIGINT has ended. */
const INTERRUPTED_EXIT = 130;
const PACE_PRESET = 30;
const PACE_MAX = 1_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      trace: { type: 'string' },
      pace: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const pace = Number(values.pace ?? PACE_PRESET);
  if (!(pace > 0 && pace <= PACE_MAX)) {
    process.stderr.write(`--pace is a number above 0, at most ${PACE_MAX}.\n`);
    return 2;
  }
  const signal = abortOnSignal();
  try {
    const options = { trace: values.trace ?? null, pace, keep: values.keep };
    const result = await runDemo(options, signal);
    if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.held ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted || signal.aborted) return INTERRUPTED_EXIT;
    // What kept the demo from running is no step that failed, but whoever reads the JSON must see it.
    const fault = messageOf(error);
    process.stderr.write(`${fault}\n`);
    if (values.json) process.stdout.write(`${JSON.stringify({ held: false, fault })}\n`);
    return 1;
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${USAGE}`);
  process.exitCode = 2;
}
