import { usageRow } from '../../../test/usageRows.ts';
import type { UsageRow } from '../rows.ts';
import { UsageColumns } from '../usageColumns.ts';
import type { RangeToCommit } from '../usageTable.ts';

const second = 1_000_000n;

/** The n-th ten offsets, a record each: its usage is its offset, so that a sum says which were read. */
export function tenRecords(n: number): RangeToCommit {
  const [from, to] = [BigInt(n) * 10n, BigInt(n + 1) * 10n];
  const rows = Array.from({ length: 10 }, (_, index) => recordAt(from + BigInt(index)));
  return {
    from,
    to,
    records: 10,
    duplicates: 0,
    usage: UsageColumns.of(rows),
    quarantine: [],
    marker: { offset: to - 1n, sha256: `at ${to}` },
  };
}

const recordAt = (offset: bigint): UsageRow =>
  usageRow({
    offset,
    windowStart: offset * second,
    windowEnd: (offset + 1n) * second,
    quotaId: `llm/chat-${offset % 5n}`,
    used: offset,
  });
