import type {
  LogPort,
  LogRecord,
  OwnedSource,
  OwnershipHandlers,
  TopicPartition,
} from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import type { TraceRecords } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import type { Logger } from '../logger.ts';
import type { Projection } from '../projection/projection.ts';
import { OwnedPartition } from './ownedPartition.ts';
import type { PartitionStop } from './partitionStop.ts';

export interface OwnerParts {
  readonly log: LogPort;
  readonly codec: Codec;
  readonly pool: Pool;
  readonly logger: Logger;
  /** As it stands in the cluster. */
  readonly topic: string;
  readonly group: string;
  /** As it stands in the checkpoint: without the namespace. */
  readonly checkpointTopic: string;
  readonly projectionName: string;
  readonly newProjection: (partition: number) => Projection;
  readonly applied: (records: number) => void;
  readonly skipped: () => void;
  readonly trace?: TraceRecords | undefined;
  readonly sessionTimeoutMs?: number;
}

/** This instance's share of one topic. */
export class PartitionOwner implements OwnershipHandlers {
  readonly #parts: OwnerParts;
  readonly #partitions = new Map<number, OwnedPartition>();
  readonly #source = Promise.withResolvers<OwnedSource>();

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    this.#source.promise.catch(() => undefined);
  }

  /** Joins the group. @throws what the log says when it cannot be joined */
  async start(): Promise<OwnedSource> {
    const { log, group, topic, sessionTimeoutMs } = this.#parts;
    const options = {
      group,
      topic,
      ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    };
    try {
      const source = await log.source.run(options, this);
      this.#source.resolve(source);
      return source;
    } catch (error) {
      this.#source.reject(error);
      throw error;
    }
  }

  get stops(): readonly PartitionStop[] {
    return [...this.#partitions.values()].flatMap(({ stop }) => (stop === null ? [] : [stop]));
  }

  /** What keeps owned partitions from their work, a sentence each. */
  get troubles(): readonly string[] {
    return [...this.#partitions.values()].flatMap(({ trouble }) =>
      trouble === null ? [] : [trouble],
    );
  }

  assigned(place: TopicPartition): Promise<bigint> {
    const { log, codec, pool, logger, applied, skipped, trace, newProjection, projectionName } =
      this.#parts;
    const owned = new OwnedPartition(place, {
      log: log.log,
      codec,
      pool,
      logger,
      checkpoint: {
        projection: projectionName,
        topic: this.#parts.checkpointTopic,
        partition: place.partition,
      },
      newProjection: () => newProjection(place.partition),
      rejoin: () => void this.#source.promise.then((source) => source.reassign(place)),
      applied,
      skipped,
      trace,
    });
    this.#partitions.set(place.partition, owned);
    return owned.restore();
  }

  revoked({ partition }: TopicPartition): Promise<void> {
    this.#partitions.get(partition)?.revoke();
    this.#partitions.delete(partition);
    return Promise.resolve();
  }

  async batch({ partition }: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    await this.#partitions.get(partition)?.take(records);
  }
}
