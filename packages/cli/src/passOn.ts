import path from 'node:path';
import { checkoutDirectory, environmentOf, findPlan, inspectStack } from '@prorata/infra';
import { CommandError } from './commandError.ts';
import { runForText } from './runForText.ts';
import type { Rendered } from './runForText.ts';
import { runProgram } from './runProgram.ts';
import { stackDirectory } from './stackDirectory.ts';

/** Runs a folder's own entry with the rest of the command line, in the caller's folder. */
function runEntry(
  entry: string,
  rest: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  return runProgram({
    command: process.execPath,
    arguments: [path.join(checkoutDirectory, entry), ...rest],
    environment: { NODE_NO_WARNINGS: '1', ...environment },
  });
}

export function demo(rest: readonly string[]): Promise<number> {
  return runEntry('infra/src/demo/main.ts', rest);
}

export function bench(rest: readonly string[]): Promise<number> {
  return runEntry('infra/src/bench/main.ts', rest);
}

export function chaos(rest: readonly string[]): Promise<number> {
  return runEntry('infra/src/chaos/main.ts', rest);
}

/** `audit`'s own exit code for a check that could not be done: 1 would say that an event is bad. */
const notChecked = 2;

function asksForHelp([first, ...rest]: readonly string[]): boolean {
  return (
    first === undefined || ['help', '-h', '--help'].some((word) => [first, ...rest].includes(word))
  );
}

/** @throws CommandError when what is read is not running. */
async function assertReadable(rest: readonly string[]): Promise<void> {
  const found = await inspectStack(stackDirectory());
  if (found === undefined) {
    throw new CommandError('There is no stack yet: ./prorata up starts one.', notChecked);
  }
  // The schemas of a copy are in the registry too; its records are not in Kafka.
  const ofCopy = rest.some((word) => word === '--file' || word.startsWith('--file='));
  const needed = ofCopy ? ['registry'] : ['kafka', 'registry'];
  const down = found.parts.filter(
    ({ part, state }) => needed.includes(part) && (state === 'down' || state === 'not ready'),
  );
  if (down.length === 0) return;
  const names = down.map(({ part }) => part).join(' and ');
  throw new CommandError(
    `The running stack is read, and its ${names} cannot be reached: ./prorata up starts what is down.`,
    notChecked,
  );
}

/** As the stack's auditor, who can read and nothing else; or as whom the environment says. */
export async function audit(rest: readonly string[]): Promise<number> {
  const entry = 'projector/src/audit/main.ts';
  if (process.env['KAFKA_BROKERS'] !== undefined || asksForHelp(rest)) return runEntry(entry, rest);
  await assertReadable(rest);
  const plan = await findPlan(stackDirectory());
  // A replay compares the log with the tables, which are the projector's.
  const reader = rest[0] === 'replay' ? 'projector' : 'auditor';
  return runEntry(entry, rest, plan === undefined ? {} : environmentOf(plan, reader));
}

const RENDER = 'enforcer-relay/src/render/main.ts';

/**
 * The relay's own entry, by the log: as the stack's auditor, who can read and nothing else.
 * @param to where its output goes: the caller's, or back
 */
export async function renderFromLog(
  rest: readonly string[],
  to: 'inherit' | 'text',
): Promise<Rendered> {
  let environment: Readonly<Record<string, string>> = {};
  if (process.env['KAFKA_BROKERS'] === undefined) {
    await assertReadable(rest);
    const plan = await findPlan(stackDirectory());
    environment = plan === undefined ? {} : environmentOf(plan, 'auditor');
  }
  return runRender({ rest, environment, to });
}

/** The same of a state that is given. */
export function renderState(
  rest: readonly string[],
  state: string,
  to: 'inherit' | 'text',
): Promise<Rendered> {
  return runRender({ rest: [...rest, '--stdin'], environment: {}, input: state, to });
}

interface RenderRun {
  readonly rest: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly to: 'inherit' | 'text';
}

const runRender = ({ rest, environment, input, to }: RenderRun): Promise<Rendered> =>
  runForText({
    command: process.execPath,
    arguments: [path.join(checkoutDirectory, RENDER), ...rest],
    environment: { NODE_NO_WARNINGS: '1', ...environment },
    input: input ?? '',
    to,
  });

/** As the stack's projector, whose tables they are; or as whom the environment says. */
export async function projections(rest: readonly string[]): Promise<number> {
  const entry = 'projector/src/generations/main.ts';
  const isGiven = (process.env['DATABASE_URL'] ?? '') !== '';
  if (isGiven || asksForHelp(rest)) return runEntry(entry, rest);
  const plan = await findPlan(stackDirectory());
  if (plan === undefined) {
    throw new CommandError('There is no stack yet: ./prorata up starts one.', notChecked);
  }
  return runEntry(entry, rest, environmentOf(plan, 'projector'));
}

/**
 * As the stack's rightsizer, whose table it is; or as whom the environment says.
 * @param readsLog whether the log must be there; else it needs nothing that runs, once there is a table
 */
async function runOnTable(
  entry: string,
  rest: readonly string[],
  readsLog: boolean,
): Promise<number> {
  const isGiven = (process.env['PRORATA_USAGE_DIRECTORY'] ?? '') !== '';
  if (isGiven || asksForHelp(rest)) return runEntry(entry, rest);
  const plan = await findPlan(stackDirectory());
  if (plan === undefined) {
    throw new CommandError('There is no stack yet: ./prorata up starts one.', notChecked);
  }
  if (readsLog) await assertReadable(rest);
  return runEntry(entry, rest, environmentOf(plan, 'rightsizer'));
}

/** Only to verify is the log read. */
export function usage(rest: readonly string[]): Promise<number> {
  return runOnTable('rightsizer/src/usageCommand/main.ts', rest, rest[0] === 'verify');
}

const BACKTEST = 'rightsizer/src/backtest/command';

/** Files are read without a stack; the table with the log, which says what its amounts are limited by. */
export function backtest(rest: readonly string[]): Promise<number> {
  const entry = `${BACKTEST}/main.ts`;
  return rest.includes('--table') ? runOnTable(entry, rest, true) : runEntry(entry, rest);
}

export function whatIf(rest: readonly string[]): Promise<number> {
  return runOnTable(`${BACKTEST}/whatIfMain.ts`, rest, true);
}

export function check(): Promise<number> {
  return runProgram({
    command: 'npm',
    arguments: ['run', '--silent', 'check'],
    workingDirectory: checkoutDirectory,
  });
}
