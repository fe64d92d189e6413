import { partitionOf } from '@prorata/kafka-port';
import type { LogRecord } from '@prorata/kafka-port';
import type { Codec, CommandMessage } from '@prorata/schemas';
import { decideBatch } from '../writer/decideBatch.ts';
import type { DecidedBatch } from '../writer/decideBatch.ts';
import { encoder } from '../writer/outRecords.ts';
import type { PartitionState } from '../writer/partitionState.ts';
import type { WriterTopics } from '../writer/writerTopics.ts';
import { ONLY_COMMAND, STREAM } from './bigTree.ts';

/** Decides as a partition's owner would, without a queue before it. */
export class BenchWriter {
  readonly partition: number;
  readonly #state: PartitionState;
  readonly #codec: Codec;
  readonly #topics: WriterTopics;

  constructor(state: PartitionState, codec: Codec, topics: WriterTopics, partitions: number) {
    this.partition = partitionOf(STREAM, partitions);
    this.#state = state;
    this.#codec = codec;
    this.#topics = topics;
  }

  /** @throws Error when a command is refused: the bench would measure something else then */
  async decide(commands: readonly CommandMessage[]): Promise<DecidedBatch> {
    const now = BigInt(Date.now()) * 1_000n;
    const reads = commands.map((command) => {
      const record: LogRecord = {
        topic: this.#topics.commands,
        partition: this.partition,
        offset: ONLY_COMMAND,
        timestampMs: 0,
        key: null,
        value: null,
        headers: new Map(),
      };
      return { kind: 'command', record, command, stream: STREAM, signedAt: now } as const;
    });
    const batch = await decideBatch(this.#state, reads, now, {
      partition: this.partition,
      topics: this.#topics,
      encode: encoder(this.#codec),
      bytesMax: 10_000_000,
    });
    const refused = batch.outcomes.find(({ status }) => status === 'refused');
    if (refused !== undefined) throw new Error(`${refused.code}: ${refused.message}`);
    return batch;
  }
}
