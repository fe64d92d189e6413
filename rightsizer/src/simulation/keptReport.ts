import { reportOf } from './closedLoopReport.ts';
import type { ClosedLoopRun } from './closedLoopRuns.ts';

const BEGIN = '<!-- closed-loop tables: made, not written -->';
const END = '<!-- end of the tables -->';

/** The lines that a run left. */
export function keptRuns(text: string): ClosedLoopRun[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ClosedLoopRun);
}

/** The page with its tables made anew. @throws RangeError it has no place for them */
export function withTables(page: string, runs: readonly ClosedLoopRun[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new RangeError('The page has no place for the tables.');
  return `${page.slice(0, from)}${BEGIN}\n\n${reportOf(runs)}\n${page.slice(to)}`;
}
