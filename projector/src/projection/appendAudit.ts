import type { ClientBase } from 'pg';
import { appendRows } from '../database/appendRows.ts';
import { provideAuditMonths } from '../database/auditMonths.ts';
import type { Month } from '../database/auditMonths.ts';
import { auditLog } from '../database/tables.ts';
import type { Row } from '../database/tables.ts';

/**
 * Rows of the audit log into the partitions of their months; the first that a transaction writes.
 * @param seen months that were found made, of the same tables
 */
export async function appendAudit(
  client: ClientBase,
  rows: readonly Row[],
  seen?: Set<Month>,
): Promise<void> {
  if (rows.length === 0) return;
  await provideAuditMonths(
    client,
    rows.map((row) => String(row['decided_at'])),
    seen,
  );
  await appendRows(client, auditLog, rows);
}
