import type { createLogger } from '@prorata/service-runtime';
import { Compactor } from '../compaction/compactor.ts';
import type { Policy } from '../policy.ts';
import { quarantineForm, usageForm } from '../table/rowForms.ts';
import type { TablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { startLoop } from './loop.ts';
import type { RunningLoop } from './loop.ts';

export interface CompactionParts {
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly policy: Policy['compaction'];
  readonly logger: ReturnType<typeof createLogger>;
  readonly failed: (error: unknown) => void;
}

/** Both tables, one after the other: what was compacted first, then what nothing names any more. */
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
      for (const { table, compactor } of compactors) {
        const compacted = await compactor.compact(policy);
        const removed = await compactor.removeUnnamed(policy);
        if (compacted.replaced + removed.files === 0) continue;
        logger.info({ table, ...compacted, removed }, 'Files of past days were compacted.');
      }
    },
    failed,
  });
}
