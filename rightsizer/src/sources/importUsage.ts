import type { DuckDBConnection } from '@duckdb/node-api';
import { importIdOf, sameContent, sourceOf } from './importOrder.ts';
import type { ImportOrder } from './importOrder.ts';
import { ImportSummary } from './importSummary.ts';
import type { ImportTable } from './importTable.ts';
import { judgeLine } from './judgeLine.ts';
import { RangeOfLines, ROWS_OF_A_RANGE } from './rangeOfLines.ts';
import { SourceFault } from './sourceFault.ts';
import type { StagedInput } from './stageInput.ts';
import type { UsageSource } from './usageSource.ts';

export interface ImportGround {
  readonly table: ImportTable;
  /** To a database that may open the folder of staged files. */
  readonly connect: () => Promise<DuckDBConnection>;
  /** Microseconds. */
  readonly now: bigint;
  /** Nothing is written. */
  readonly dryRun: boolean;
  /** Rows of one commit. */
  readonly rowsOfRange?: number;
}

export interface ImportReport {
  readonly importId: string;
  readonly outcome: 'imported' | 'resumed' | 'already there' | 'dry run';
  readonly summary: ImportSummary;
}

/**
 * Brings a staged file into the table, each line once: its lines are the positions of a source of its
 * own, `import/<id>`. All of it is judged before anything is written, so what can be told of a file as a
 * whole (its mapping, its size) leaves nothing half done. Interrupted, it goes on where it ended when it is
 * called again.
 * @throws SourceFault; TableFault WRITER_STALE when another process brings the same file now
 */
export async function importUsage(
  order: ImportOrder,
  input: StagedInput,
  { table, connect, now, dryRun, rowsOfRange = ROWS_OF_A_RANGE }: ImportGround,
): Promise<ImportReport> {
  const given = importIdOf(order, input.sha256);
  const there = await table.imports();
  // Brought under another name, it is the same still.
  const importId = [...there.keys()].find((id) => sameContent(id, given)) ?? given;
  const source = sourceOf(order, importId, input, connect);
  const summary = await summarize(source, now);
  if (summary.counted === 0) throw nothingCounted(summary);
  const ended = summary.lines + 1n;
  const next = there.get(importId) ?? 0n;
  if (next >= ended) return { importId, outcome: 'already there', summary };
  if (dryRun) return { importId, outcome: 'dry run', summary };
  const claim = await table.takeOver(importId, input.sha256);
  const range = new RangeOfLines(claim, rowsOfRange, now);
  for await (const records of source.read()) {
    for (const record of records) {
      if (record.position < claim.next) continue;
      await range.add(record.position, judgeLine(record, now));
    }
  }
  await range.end(ended);
  return { importId, outcome: claim.next === 0n ? 'imported' : 'resumed', summary };
}

async function summarize(source: UsageSource, now: bigint): Promise<ImportSummary> {
  const summary = new ImportSummary();
  for await (const records of source.read()) {
    for (const record of records) summary.add(record.position, judgeLine(record, now));
  }
  return summary;
}

function nothingCounted(summary: ImportSummary): SourceFault {
  const [most] = summary.rejected;
  const why =
    most === undefined
      ? `of ${summary.lines} lines none has usage`
      : `${most.reason} in ${most.lines} lines, first in line ${most.line}: ${most.detail}`;
  return new SourceFault('NOTHING_COUNTED', why);
}
