/**
 * The log as Prorata needs it: fence a partition, append atomically, read to the end, consume with
 * ownership. No type of a Kafka client leaves this package.
 */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record as it stands in the log. Headers are raw bytes; a repeated header keeps its last value. */
export interface LogRecord extends TopicPartition {
  readonly offset: bigint;
  /** Milliseconds since the epoch, as the producer or the broker stamped it. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  /** null is a tombstone in a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: ReadonlyMap<string, Buffer>;
}

/** A record to be appended. The partition is always explicit: no client's partitioner is trusted. */
export interface OutRecord extends TopicPartition {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string>>;
}

/**
 * Who owns what: `<group>-<topic>-<partition>` is the transactional id, derived from the partition
 * and never from the instance, so that a successor fences its predecessor.
 */
export interface WriterIdentity extends TopicPartition {
  readonly group: string;
}

/** The predecessor's writes are over; the holder drops its state and fences again. */
export class OwnershipLost extends Error {
  override readonly name = 'OwnershipLost';
}

/** The append may or may not be in the log; only a fence and a restore can tell. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
}

/** The append was refused for its size: nothing was written, and splitting it would help. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge';
}

/** The log did not answer in time; the same call may succeed later. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

/** The log answered no, and will again: an unknown topic, a missing permission. `code` is Kafka's name for it. */
export class LogRefused extends Error {
  override readonly name = 'LogRefused';
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The offset asked for is outside what the log holds: deleted by retention, or never written. */
export class OffsetGone extends Error {
  override readonly name = 'OffsetGone';
  readonly partition: TopicPartition;
  readonly offset: bigint;
  constructor(partition: TopicPartition, offset: bigint, options?: ErrorOptions) {
    super(`${partition.topic}[${partition.partition}] does not hold offset ${offset}.`, options);
    this.partition = partition;
    this.offset = offset;
  }
}

/** The publisher's queue is full: nothing of this call was taken, and the caller must slow down. */
export class PublishQueueFull extends Error {
  override readonly name = 'PublishQueueFull';
}

/** The one way to write where ownership matters. There is no plain send. */
export interface PartitionWriter {
  readonly identity: WriterIdentity;
  /**
   * Appends all records in one transaction, or none. One call at a time.
   * Limits: `appendLimits` (records and bytes a call, bytes a partition), so that no record batch
   * passes the broker's `message.max.bytes`.
   *
   * When it resolves the outcome is decided, but the broker writes the commit markers a moment
   * later: a reader that asks for the end at once may still find the old one. A fence waits for them.
   * @throws OwnershipLost | CommitUnknown | AppendTooLarge | LogRefused. After the first two the
   * writer is spent; after the others nothing was written and it can go on.
   */
  append(records: readonly OutRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface WriterFactory {
  /**
   * Ends every older writer of this identity, waiting for its open transaction to be aborted.
   * @throws LogUnavailable | LogRefused
   */
  fence(identity: WriterIdentity): Promise<PartitionWriter>;
}

export interface Follower {
  /** The offset after the last record handed over. */
  readonly position: bigint;
  /**
   * Resolves after `stop`. Rejects with what `onBatch` threw, with `OffsetGone`, or with `LogRefused`;
   * an outage, however long, does not end a follower.
   */
  readonly finished: Promise<void>;
  /** Resolves when the batch being handled is done; none follows. */
  stop(): Promise<void>;
}

/** All calls throw `LogUnavailable`, `LogRefused` or `OffsetGone`, after retrying what may pass. */
export interface PartitionLog {
  /** The offset of the oldest record still kept. */
  beginningOffset(partition: TopicPartition): Promise<bigint>;
  /** The last stable offset: everything before it is committed or aborted. */
  endOffset(partition: TopicPartition): Promise<bigint>;
  /**
   * What tells this topic from another one that was made later under its name; null: the cluster has no such ids.
   */
  topicId(topic: string): Promise<string | null>;
  /**
   * The offset of the first record whose `timestampMs` is not before this time, by the log's own index; null:
   * there is none yet.
   */
  offsetAt(partition: TopicPartition, timestampMs: number): Promise<bigint | null>;
  /**
   * Hands over every committed record from `from` to the end as it stood at the call, in order.
   * @returns the end offset, which is where to go on, control records passed over.
   */
  readToEnd(
    partition: TopicPartition,
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => void | Promise<void>,
  ): Promise<bigint>;
  /**
   * As `readToEnd`, and then goes on with what is appended later, until stopped. Resolves when the
   * end as it stood at the call has been handed over: from then on the caller has caught up.
   */
  follow(
    partition: TopicPartition,
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => void | Promise<void>,
  ): Promise<Follower>;
}

export interface OwnershipHandlers {
  /**
   * This instance now owns the partition. No record is handed over before the promise resolves with
   * the offset to start from; the group's membership is kept meanwhile, however long it takes.
   * Rejecting with `LogUnavailable`, `OwnershipLost` or `CommitUnknown` has it called again after a
   * pause, as long as the partition is owned; any other rejection ends the source with that error.
   * Once it has resolved it is not called again before `revoked`, whatever the log does meanwhile.
   */
  assigned(partition: TopicPartition): Promise<bigint>;
  /**
   * Ownership has gone; what was handed over belongs to somebody else. May be called while `assigned`
   * or `batch` still runs; when the partition comes back, `assigned` waits until all three are done.
   */
  revoked(partition: TopicPartition): Promise<void>;
  /**
   * Records in order. The next batch of this partition waits for the promise, and other partitions
   * do not, so a handler that queues resolves when there is room. Membership does not depend on it.
   * Rejecting with `OwnershipLost` or `CommitUnknown` does what `reassign` does; any other rejection
   * ends the source with that error.
   */
  batch(partition: TopicPartition, records: readonly LogRecord[]): Promise<void>;
}

export interface OwnershipOptions {
  readonly group: string;
  readonly topic: string;
  /** How long a silent member keeps its partitions, milliseconds. Default 10,000. */
  readonly sessionTimeoutMs?: number;
}

export interface PartitionSource {
  /** Joins the group and shares the topic's partitions with its other members. */
  run(options: OwnershipOptions, handlers: OwnershipHandlers): Promise<OwnedSource>;
}

export interface OwnedSource {
  /** A hint for lag metrics; never where a restart resumes. */
  commitHint(partition: TopicPartition, next: bigint): Promise<void>;
  /**
   * For an owner whose writer is spent (`OwnershipLost`, `CommitUnknown`) while the group still calls
   * it the owner: `revoked`, then `assigned` again, so that it fences and restores. No effect on a
   * partition that is not owned.
   */
  reassign(partition: TopicPartition): void;
  /** Rejects when consumption has ended for good: fail readiness and exit. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** Plain, idempotent publishing, for topics where any number of principals write side by side. */
export interface Publisher {
  /**
   * Resolves when all in-sync replicas have the records. Calls keep their order within a partition.
   * @throws PublishQueueFull and AppendTooLarge (nothing taken), LogUnavailable (may or may not be
   * written, in part even), LogRefused.
   */
  publish(records: readonly OutRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  readonly configuration: Readonly<Record<string, string>>;
}

/** One access rule. `prefixed` matches every resource whose name starts with `name`. */
export interface AccessRule {
  readonly principal: string;
  readonly resource: 'topic' | 'group' | 'transactional-id' | 'cluster';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  readonly operation:
    | 'read'
    | 'write'
    | 'create'
    | 'describe'
    | 'delete'
    | 'alter'
    | 'describe-configs'
    | 'alter-configs'
    | 'idempotent-write';
}

export interface LogAdmin {
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>;
  /** Names of all topics that start with `prefix`. */
  listTopics(prefix: string): Promise<readonly string[]>;
  /** The broker that leads each partition, by its id; -1 while none does. */
  leadersOf(topic: string): Promise<readonly number[]>;
  /** Creates what is absent; resolves when every partition has a leader. Existing topics are left alone. */
  createTopics(
    topics: readonly {
      readonly topic: string;
      readonly partitions: number;
      readonly replication: number;
      readonly configuration: Readonly<Record<string, string>>;
    }[],
  ): Promise<void>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  listGroups(): Promise<readonly string[]>;
  /** Partitions of the topic that members of the group own now; none while the group shares them anew. */
  ownedPartitions(group: string, topic: string): Promise<readonly number[]>;
  deleteGroups(groups: readonly string[]): Promise<void>;
  allow(rules: readonly AccessRule[]): Promise<void>;
  close(): Promise<void>;
}

/** Everything one process needs of the log, over one shared client. */
export interface LogPort {
  readonly writers: WriterFactory;
  readonly log: PartitionLog;
  readonly source: PartitionSource;
  publisher(): Promise<Publisher>;
  admin(): Promise<LogAdmin>;
  close(): Promise<void>;
}
