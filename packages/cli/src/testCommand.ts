import { CommandError } from './commandError.ts';
import { nightlyLastPassed, recordNightlyPassed } from './nightlyRecord.ts';
import { answer, tell } from './print.ts';
import { runTestPart } from './runTestPart.ts';
import { runTestParts } from './runTestParts.ts';
import { addCounts, closingLine, exitCodeOf, noCounts } from './testCounts.ts';
import { nightlyParts, partsOf, reaches } from './testParts.ts';
import type { Reach } from './testParts.ts';

export type TestChoice = Reach | 'nightly';

/** What shells say of a command that Ctrl-C has ended. */
const interruptedExit = 130;

/** The runner ends by itself when it is told; this keeps the next part from starting after it. */
function watchForInterruption(): () => boolean {
  let told = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      told = true;
    });
  }
  return () => told;
}

/** Runs the tests of one reach, or all; the last line says what they came to. */
export async function test(choice: string | undefined): Promise<number> {
  const known: readonly string[] = [...reaches, 'nightly'];
  if (choice !== undefined && !known.includes(choice)) {
    throw new CommandError(`no tests called ${choice}; there are ${known.join(', ')}`, 2);
  }
  const isNightly = choice === 'nightly';
  const chosen = reaches.filter((reach) => isNightly || choice === undefined || reach === choice);
  const parts = [...partsOf(chosen), ...(isNightly ? nightlyParts() : [])];
  if (isNightly) tell(`The nightly tests last passed: ${await nightlyLastPassed()}.`);
  const interrupted = watchForInterruption();
  const results = await runTestParts(parts, runTestPart, interrupted);
  const counts = results.reduce((sum, each) => addCounts(sum, each.counts), noCounts);
  if (isNightly) await tellOfNight(!interrupted() && exitCodeOf(counts) === 0);
  answer(closingLine(counts));
  return interrupted() ? interruptedExit : exitCodeOf(counts);
}

async function tellOfNight(passed: boolean): Promise<void> {
  if (passed) await recordNightlyPassed(new Date());
  const verdict = passed ? 'The nightly tests' : 'The nightly tests did not pass; they';
  tell(`${verdict} last passed: ${await nightlyLastPassed()}.`);
}
