/**
 * Runs all steps, one after another, also those after one that failed.
 * @throws AggregateError with what failed, when all have been tried
 */
export async function everyStep(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length === 0) return;
  const said = faults.map((fault) => (fault instanceof Error ? fault.message : String(fault)));
  throw new AggregateError(faults, said.join('; '));
}
