import type { LogRecord } from '../port.ts';

/** What kafkajs decodes a fetch response into; its own types leave it open. */
export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly Omit<FetchedPartition, 'topic'>[];
  }[];
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly lastStableOffset: string;
  readonly abortedTransactions:
    readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly FetchedMessage[];
}

interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>;
  readonly isControlRecord: boolean;
  readonly batchContext: {
    readonly producerId: string;
    readonly inTransaction: boolean;
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
  };
}

export interface CommittedRecords {
  readonly records: readonly LogRecord[];
  /** Where to fetch next: past control and aborted records too. Equal to `from` when there was nothing. */
  readonly next: bigint;
}

/**
 * The committed records of a fetch, from `from` on. An aborted producer's records are left out from
 * the transaction's first offset to its abort marker.
 * Source: Kafka's consumer, CompletedFetch.nextFetchedRecord. kafkajs's own filter takes a data
 * record with the key 00 00 00 00 for an abort marker.
 */
export function committedRecords(fetched: FetchedPartition, from: bigint): CommittedRecords {
  const aborted = (fetched.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<string>();
  const records: LogRecord[] = [];
  let next = from;
  let ahead = 0;
  for (const message of fetched.messages) {
    const offset = BigInt(message.offset);
    for (
      let entry = aborted[ahead];
      entry && entry.firstOffset <= offset;
      entry = aborted[++ahead]
    ) {
      aborting.add(entry.producerId);
    }
    const { producerId, inTransaction } = message.batchContext;
    if (message.isControlRecord && isAbortMarker(message.key)) aborting.delete(producerId);
    if (offset < from) continue;
    if (message.isControlRecord || (inTransaction && aborting.has(producerId))) continue;
    records.push(logRecord(fetched, message, offset));
  }
  const last = fetched.messages.at(-1)?.batchContext;
  if (last) {
    // A batch's end, not its last record's: compaction removes records and keeps the batch's bounds.
    const end = BigInt(last.firstOffset) + BigInt(last.lastOffsetDelta) + 1n;
    if (end > next) next = end;
  }
  return { records, next };
}

/**
 * Where to go on when a fetch of this partition *alone* brought nothing although more is committed:
 * compaction has emptied the batch at `from` and kafkajs does not show its bounds. One offset on, the
 * broker gives the batch that holds it or else the one after, so that nothing is skipped. In a fetch
 * of several partitions an empty answer may also mean that others filled the response.
 */
export function pastEmptied(
  fetched: FetchedPartition,
  { next }: CommittedRecords,
  from: bigint,
): bigint {
  return next === from && BigInt(fetched.lastStableOffset) > from ? from + 1n : next;
}

/** A control record's key: a version and a type, two bytes each; type 0 aborts, 1 commits. */
function isAbortMarker(key: Buffer | null): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
}

function logRecord(
  { topic, partition }: FetchedPartition,
  message: FetchedMessage,
  offset: bigint,
): LogRecord {
  const headers = new Map<string, Buffer>();
  for (const [name, value] of Object.entries(message.headers)) {
    const last = Array.isArray(value) ? (value as readonly Buffer[]).at(-1) : (value as Buffer);
    if (last !== undefined) headers.set(name, last);
  }
  const { key, value } = message;
  return { topic, partition, offset, timestampMs: Number(message.timestamp), key, value, headers };
}
