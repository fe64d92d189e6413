import { tell } from './print.ts';
import { resultLine } from './runTestPart.ts';
import type { TestPartResult } from './runTestPart.ts';
import type { TestPart } from './testParts.ts';

/**
 * Runs one part after another, whatever became of those before it, until somebody interrupts: those that
 * measure or start servers would disturb each other on two cores. Says each result as it is there, and
 * all of them at the end, where they are found.
 */
export async function runTestParts(
  parts: readonly TestPart[],
  run: (part: TestPart) => Promise<TestPartResult>,
  interrupted: () => boolean,
): Promise<TestPartResult[]> {
  const results: TestPartResult[] = [];
  for (const part of parts) {
    if (interrupted()) break;
    const result = await run(part);
    tell(resultLine(result));
    results.push(result);
  }
  if (results.length > 1) tell(`\n${results.map(resultLine).join('\n')}`);
  return results;
}
