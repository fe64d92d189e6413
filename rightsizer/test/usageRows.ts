import type { UsageRow } from '../src/table/rows.ts';

/** One row of the usage table: its offset is its host's sequence. */
export function usageRow(
  changes: Partial<UsageRow> & Pick<UsageRow, 'offset' | 'windowStart' | 'windowEnd'>,
): UsageRow {
  return {
    loggedAt: changes.windowEnd,
    hostId: 'host-1',
    bootId: 'boot-1',
    sequence: changes.offset,
    application: 'llm',
    quotaId: 'llm/chat',
    project: 'acme/search',
    resource: 'tokens',
    used: 10n,
    refused: 0n,
    queued: 0n,
    peak: 10n,
    zone: null,
    trialRefused: 0n,
    ...changes,
  };
}
