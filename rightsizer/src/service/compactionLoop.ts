import type { createLogger } from '@prorata/service-runtime';
import { Compactor } from '../compaction/compactor.ts';
import type { Policy } from '../policy.ts';
import { quarantineForm, usageForm } from '../table/rowForms.ts';
import type { TablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { everyStep } from './everyStep.ts';
import { startLoop } from './loop.ts';
import type { RunningLoop } from './loop.ts';

export interface CompactionParts {
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly policy: Policy['compaction'];
  readonly logger: ReturnType<typeof createLogger>;
  readonly failed: (error: unknown) => void;
}

/**
 * Both tables, one after the other: what was compacted first, then what nothing names any more. A
 * step that fails holds up no other: a day that is too large to sort must not keep all files for ever.
 */
export function startCompaction({
  database,
  places,
  policy,
  logger,
  failed,
}: CompactionParts): RunningLoop {
  const compactors = [usageForm, quarantineForm].map((form) => ({
    table: form.name,
    compactor: new Compactor({ database, places, form }),
  }));
  return startLoop({
    intervalMs: policy.evaluationMs,
    async evaluate() {
      const tell = (table: string, said: string, done: object): void => {
        if (Object.values(done).some(Boolean)) logger.info({ table, ...done }, said);
      };
      await everyStep(
        compactors.flatMap(({ table, compactor }) => [
          async () =>
            tell(table, 'Files of past days were compacted.', await compactor.compact(policy)),
          async () => tell(table, 'Files were removed.', await compactor.removeUnnamed(policy)),
        ]),
      );
    },
    failed,
  });
}
