import type { LogPort, OwnedSource } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { recordTracing } from '@prorata/service-runtime';
import type { Tracing } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import type { Logger } from '../logger.ts';
import { PartitionOwner } from '../partition/partitionOwner.ts';
import type { PartitionStop } from '../partition/partitionStop.ts';
import { schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import type { ProjectionDefinition } from './projections.ts';
import { groupOf } from './sweepGroups.ts';

export interface FeedParts {
  readonly log: LogPort;
  readonly codec: Codec;
  readonly logger: Logger;
  readonly namespace: string;
  /** Connections whose unqualified names are those of the copy. */
  readonly openTables: (schema: string) => Pool;
  readonly applied: (schema: string, topic: string, records: number) => void;
  /** A record that could not be read was passed over. */
  readonly skipped: (schema: string, topic: string) => void;
  /** null: nothing is traced. */
  readonly tracing: Tracing | null;
  readonly sessionTimeoutMs?: number;
}

/** This instance's share of filling one copy: a group of its own for each topic, connections of its own. */
export class GenerationFeed {
  readonly schema: string;
  readonly #pool: Pool;
  readonly #owners: readonly PartitionOwner[];
  readonly #sources: OwnedSource[] = [];

  constructor(definition: ProjectionDefinition, generation: Generation, parts: FeedParts) {
    const { namespace, openTables, applied, skipped, tracing, ...shared } = parts;
    const schema = schemaOf(generation);
    const pool = openTables(schema);
    this.schema = schema;
    this.#pool = pool;
    this.#owners = definition.topics.map(
      ({ topic, newProjection }) =>
        new PartitionOwner({
          ...shared,
          pool,
          topic: inNamespace(topic, namespace),
          group: groupOf(schema, topic, namespace),
          checkpointTopic: topic,
          projectionName: definition.name,
          newProjection: (partition) => newProjection(topic, partition),
          applied: (records) => applied(schema, topic, records),
          skipped: () => skipped(schema, topic),
          trace: recordTracing(tracing, 'write rows', { 'prorata.copy': schema }),
        }),
    );
  }

  /** @throws what the log says when its groups cannot be joined; nothing is left open then */
  async start(): Promise<void> {
    try {
      for (const owner of this.#owners) this.#sources.push(await owner.start());
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Rejects when consumption has ended for good. */
  get finished(): Promise<void> {
    return Promise.race(this.#sources.map((source) => source.finished));
  }

  get stops(): readonly PartitionStop[] {
    return this.#owners.flatMap(({ stops }) => stops);
  }

  get troubles(): readonly string[] {
    return this.#owners.flatMap(({ troubles }) => troubles);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
    await this.#pool.end();
  }
}
