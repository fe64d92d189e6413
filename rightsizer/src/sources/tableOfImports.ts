import { UsageColumns } from '../table/usageColumns.ts';
import type { UsageReader } from '../table/usageReader.ts';
import type { UsageTable } from '../table/usageTable.ts';
import type { ImportClaim, ImportTable } from './importTable.ts';

/** Every import's source begins with it; what follows is the import's id. */
export const IMPORT = 'import/';
/** An import is one sequence of lines. */
const PARTITION = 0;
const POSITION = /^import\/(.+)\/0$/;

/** The usage table as imports need it: each is a source of its own, beside the topic. */
export function tableOfImports(table: UsageTable, reader: UsageReader): ImportTable {
  return {
    async imports() {
      const positions = (await reader.newest())?.positions ?? [];
      return new Map(
        [...positions].flatMap(([key, next]) => {
          const [, id] = POSITION.exec(key) ?? [];
          return id === undefined ? [] : [[id, next] as const];
        }),
      );
    },
    takeOver: (importId, sha256) => takeOver(table, importId, sha256),
  };
}

async function takeOver(table: UsageTable, importId: string, sha256: string): Promise<ImportClaim> {
  let claim = await table.takeOver(PARTITION, `${IMPORT}${importId}`);
  return {
    next: claim.nextOffset,
    async commit({ from, to, records, usage, quarantine, importedAt }) {
      const columns = new UsageColumns();
      for (const { position, usage: record } of usage) {
        columns.addRecord(position, importedAt, record);
      }
      const marker = { offset: to - 1n, sha256 };
      claim = await table.commit(claim, {
        from,
        to,
        records,
        usage: columns,
        quarantine,
        duplicates: 0,
        marker,
      });
    },
  };
}
