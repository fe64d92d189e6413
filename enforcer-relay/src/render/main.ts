/**
 * `render <kind> --application A`: the text that a target of the kind gets, by the log; with `--stdin` by a state
 * that is given, as `render state` prints it. `./prorata render` is in front of it.
 */
import { text as readAll } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { stateFromText, stateToText } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { connectLog, createCodec, readLogSettings } from '@prorata/service-runtime';
import { renderTarget } from './renderTarget.ts';
import { stateFromLog } from './stateFromLog.ts';

const USAGE = `usage: render <file|kubernetes|tidb|webhook|yunikorn|state> --application A [--dispatcher NAME] [--stdin]
`;
/** The command line makes no sense; nothing was done. */
const MISUSED = 2;
const REFUSED = 1;

async function stateOf(application: string): Promise<ApplicationState | null> {
  const settings = readLogSettings();
  const port = connectLog(settings, 'prorata-render');
  try {
    const { namespace } = settings;
    return await stateFromLog({ port, codec: createCodec(settings), namespace }, application);
  } finally {
    await port.close();
  }
}

async function givenState(): Promise<ApplicationState | null> {
  const state = stateFromText(await readAll(process.stdin));
  return state.kind === 'application' ? state : null;
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      application: { type: 'string' },
      dispatcher: { type: 'string' },
      stdin: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const { application, dispatcher = null, stdin } = values;
  const [kind] = positionals;
  if (application === undefined || kind === undefined) {
    process.stderr.write(USAGE);
    return MISUSED;
  }
  const state = stdin ? await givenState() : await stateOf(application);
  if (state === null) {
    process.stderr.write(`There is no application ${application}.\n`);
    return REFUSED;
  }
  if (kind === 'state') {
    process.stdout.write(stateToText(state));
    return 0;
  }
  const rendered = renderTarget(state, kind, dispatcher);
  const told = rendered.kind === 'text' ? rendered.notes : rendered.reasons;
  for (const line of told) process.stderr.write(`${line}\n`);
  if (rendered.kind !== 'text') return REFUSED;
  process.stdout.write(rendered.text);
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = REFUSED;
}
