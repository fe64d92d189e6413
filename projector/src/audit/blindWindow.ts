import { anchoredPartition } from '@prorata/quota-model';
import type { AuditScope, PartitionAudit } from './partitionAudit.ts';

/** What no anchor speaks of: of that the chain alone vouches. */
export interface BlindWindow {
  readonly events: number;
  /** The earliest last anchor of a partition with such events, microseconds; null: one has no anchor, or none says when. */
  readonly since: bigint | null;
}

/** Of the anchors kept apart when there are some, else of those in the log. */
export function blindWindow(
  audits: readonly (readonly [number, PartitionAudit])[],
  scope: Pick<AuditScope, 'anchors' | 'stream'>,
): BlindWindow {
  const windows = audits
    .map(([partition, audit]) => windowOf(partition, audit, scope))
    .filter(({ events }) => events > 0);
  const times = windows.map(({ since }) => since);
  return {
    events: windows.reduce((sum, { events }) => sum + events, 0),
    since: times.reduce(
      (earliest, at) => (earliest === null || at === null || earliest < at ? earliest : at),
      times.includes(null) ? null : (times[0] ?? null),
    ),
  };
}

function windowOf(
  partition: number,
  { anchored, heads }: PartitionAudit,
  { anchors, stream }: Pick<AuditScope, 'anchors' | 'stream'>,
): BlindWindow {
  if (anchors.isEmpty) return { events: Number(anchored.eventsSince), since: anchored.lastAt };
  const newest = anchors.newest(partition);
  const since = newest?.at ?? null;
  if (newest !== null && stream === null) {
    return { events: Math.max(0, Number(anchored.events - newest.events)), since };
  }
  let events = 0n;
  for (const [name, { version }] of heads) {
    const known = anchors.last.get(name) ?? 0n;
    if (anchoredPartition(name) === null && version > known) events += version - known;
  }
  return { events: Number(events), since };
}
