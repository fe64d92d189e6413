import { exitCodes } from '../exitCodes.ts';
import { readDeclaration } from '../file/readDeclaration.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import { failuresIn, planData, planLines } from '../plan/describePlan.ts';
import { planDeclaration } from '../plan/planned.ts';
import { connected } from './connected.ts';
import { waiversOf } from './waivers.ts';

export interface PlanOptions extends OutputOptions {
  readonly file: readonly string[];
  readonly waive?: readonly string[];
  readonly detailedExitcode?: boolean;
}

/** What `apply` would do. 1 when it would be refused; with --detailed-exitcode 2 when there is something to do. */
export async function plan(options: PlanOptions): Promise<number> {
  const terms = { reason: 'plan', waivers: waiversOf(options.waive) };
  // What is wrong in a file is told where there is no gateway, too.
  const declared = await readDeclaration(options.file);
  const client = await connected();
  const planned = await withProgress('reading', (progress) =>
    planDeclaration(client, declared, terms, progress),
  );
  const { plan: found, checks } = planned;
  await answerAs(options.output, planData(found, checks), () => planLines(found, checks));
  if (failuresIn(found, checks).length > 0) return exitCodes.failed.code;
  const hasChanges = found.commands.length > 0;
  return options.detailedExitcode === true && hasChanges
    ? exitCodes.changes.code
    : exitCodes.done.code;
}
