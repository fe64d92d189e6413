import type { LogRecord } from '@prorata/kafka-port';

export const auditedTopics = ['quota.outcomes', 'quota.events'] as const;
export type AuditedTopic = (typeof auditedTopics)[number];

/** A record as it was written, and where it stands in what is audited. */
export interface RawRecord {
  readonly topic: AuditedTopic;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: LogRecord['headers'];
  /** What is wrong with the copy itself; null in the log, and where the copy is whole. */
  readonly damage: string | null;
}

/** The log, or a copy of it. */
export interface AuditSource {
  /** null when it is not known: a copy does not say. */
  readonly partitions: number | null;
  /** Offsets of a topic from its beginning to its end, control records among them; null: it is not known. */
  size(topic: AuditedTopic, partition: number | null): Promise<bigint | null>;
  /**
   * Hands over what was not handed over before, each partition in its order.
   * @param partition null: all of them
   */
  read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void>;
}
