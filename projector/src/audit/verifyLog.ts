import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@prorata/kafka-port';
import { anchoredPartition } from '@prorata/quota-model';
import type { AuditSource, RawRecord } from './auditSource.ts';
import { blindWindow } from './blindWindow.ts';
import type { BlindWindow } from './blindWindow.ts';
import { CopyDamaged } from './copyFormat.ts';
import { Findings } from './finding.ts';
import type { BadEvent } from './finding.ts';
import { PartitionAudit } from './partitionAudit.ts';
import type { AuditScope } from './partitionAudit.ts';

/** An event is visible a moment before the outcome of the same transaction, or after it: how often to look again, and when. */
const LOOKS_FOR_OUTCOMES_MAX = 5;
const LOOK_PAUSE_MS = 200;

export interface AuditReport {
  /** Events looked at. */
  readonly events: number;
  readonly streams: number;
  /** null: nothing is wrong that can be seen. */
  readonly firstBad: BadEvent | null;
  /** Anchors of the log that were held against it. */
  readonly anchors: number;
  /** What no anchor speaks of: of those kept apart when there are some, else of those in the log. */
  readonly blind: BlindWindow;
  /** Every stream's last event. */
  readonly heads: ReadonlyMap<string, { readonly version: bigint; readonly hash: string }>;
}

/**
 * Checks every event against its stream's chain and against the outcomes of its command. What this
 * cannot see: a change to a stream's last event that neither its outcome nor an anchor knows about.
 */
export async function verifyLog(
  source: AuditSource,
  scope: Omit<AuditScope, 'partitions'>,
): Promise<AuditReport> {
  const { partitions } = source;
  const only =
    scope.stream === null
      ? null
      : (anchoredPartition(scope.stream) ??
        (partitions === null ? null : partitionOf(scope.stream, partitions)));
  const audits = new Map<number, PartitionAudit>();
  const auditOf = (partition: number): PartitionAudit => {
    const audit = audits.get(partition) ?? new PartitionAudit(partition, { ...scope, partitions });
    audits.set(partition, audit);
    return audit;
  };
  const findings = new Findings();
  try {
    await readAll(source, only, auditOf, () => [...audits.values()].some(({ isAhead }) => isAhead));
  } catch (error) {
    if (!(error instanceof CopyDamaged)) throw error;
    findings.add(damaged(error));
  }
  for (const [, audit] of audits) audit.finish();
  return reportOf(audits, findings.first, scope);
}

async function readAll(
  source: AuditSource,
  only: number | null,
  auditOf: (partition: number) => PartitionAudit,
  isAhead: () => boolean,
): Promise<void> {
  const outcome = (record: RawRecord): Promise<void> => auditOf(record.partition).outcome(record);
  await source.read('quota.outcomes', only, outcome);
  await source.read('quota.events', only, (record) => auditOf(record.partition).event(record));
  for (let look = 0; look < LOOKS_FOR_OUTCOMES_MAX; look += 1) {
    await source.read('quota.outcomes', only, outcome);
    if (!isAhead()) return;
    await sleep(LOOK_PAUSE_MS);
  }
}

function reportOf(
  audits: ReadonlyMap<number, PartitionAudit>,
  damage: BadEvent | null,
  scope: Pick<AuditScope, 'anchors' | 'stream'>,
): AuditReport {
  const isOwn = (name: string): number => (anchoredPartition(name) === null ? 0 : 1);
  const inOrder = [...audits].sort(([a], [b]) => a - b).map(([, audit]) => audit);
  const heads = new Map(inOrder.flatMap((audit) => [...audit.heads]));
  const { anchors, stream } = scope;
  const found = inOrder.flatMap(({ first }) => (first === null ? [] : [first]));
  const short = [...anchors.last]
    // A stream that people know says more than the anchors' own.
    .sort(([one], [other]) => isOwn(one) - isOwn(other))
    .flatMap(([name, version]): BadEvent[] => {
      if (stream !== null && stream !== name) return [];
      const reached = heads.get(name)?.version ?? 0n;
      if (reached >= version) return [];
      const problem = `the stream ends at version ${reached}, and the anchor knows ${version}`;
      const place = { topic: 'quota.events', partition: null, offset: null } as const;
      return [{ ...place, stream: name, streamVersion: reached + 1n, problem }];
    });
  return {
    events: inOrder.reduce((sum, { events }) => sum + events, 0),
    streams: heads.size,
    firstBad: found[0] ?? damage ?? short[0] ?? null,
    anchors: inOrder.reduce((sum, { anchored }) => sum + anchored.anchors, 0),
    blind: blindWindow([...audits], scope),
    heads,
  };
}

function damaged(error: CopyDamaged): BadEvent {
  return {
    topic: 'quota.events',
    partition: null,
    offset: null,
    stream: null,
    streamVersion: null,
    problem: `the copy is damaged: ${error.message}`,
  };
}
