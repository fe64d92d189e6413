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
  const result = await runDemo({ trace: values.trace ?? null, pace, keep: values.keep });
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.held ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
