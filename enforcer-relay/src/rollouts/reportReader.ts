import { partitionOf } from '@prorata/kafka-port';
import type { Follower, LogPort, LogRecord } from '@prorata/kafka-port';
import { inNamespace, UnreadableRecord } from '@prorata/schemas';
import type { Codec, HostReport } from '@prorata/schemas';

export interface ReportReaderParts {
  readonly port: Pick<LogPort, 'log' | 'admin'>;
  readonly codec: Codec;
  readonly namespace: string;
  /** @param at when it was sent, by the sender's clock and never later than now, microseconds */
  readonly taken: (report: HostReport, at: bigint) => void;
  readonly failed: (error: unknown) => void;
}

const TOPIC = 'host.reports';
const MICROS_PER_MS = 1_000n;

interface Following {
  readonly since: bigint;
  readonly follower: Promise<Follower | null>;
}

/**
 * Reads the reports of hosts while somebody asks for those of an application, from a moment on: who takes a
 * rollout over reads what its predecessor had read. An outage ends nothing: it is tried again at the next call.
 */
export class ReportReader {
  readonly #parts: ReportReaderParts;
  /** By partition; null: it could not begin. */
  readonly #followers = new Map<number, Following>();
  #partitions: Promise<number> | null = null;

  constructor(parts: ReportReaderParts) {
    this.#parts = parts;
  }

  /** @param since by application: from when its reports are wanted, microseconds; of no others they are */
  async read(since: ReadonlyMap<string, bigint>): Promise<void> {
    if (since.size === 0) {
      await this.stop();
      return;
    }
    const count = await this.#count();
    const wanted = new Map<number, bigint>();
    for (const [application, at] of since) {
      const partition = partitionOf(application, count);
      const known = wanted.get(partition);
      if (known === undefined || at < known) wanted.set(partition, at);
    }
    // What is wanted from an earlier moment on is read again; who took it before knows it by its number.
    const gone = [...this.#followers].flatMap(([partition, { since: begun }]) => {
      const at = wanted.get(partition);
      return at === undefined || at < begun ? [partition] : [];
    });
    await Promise.all(gone.map((partition) => this.#end(partition)));
    for (const [partition, at] of wanted) {
      if (this.#followers.has(partition)) continue;
      this.#followers.set(partition, { since: at, follower: this.#begin(partition, at) });
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#followers.keys()].map((partition) => this.#end(partition)));
  }

  async #begin(partition: number, at: bigint): Promise<Follower | null> {
    const { port, namespace, failed } = this.#parts;
    const place = { topic: inNamespace(TOPIC, namespace), partition };
    try {
      const from = await port.log.offsetAt(place, Number(at / MICROS_PER_MS));
      const start = from ?? (await port.log.endOffset(place));
      const follower = await port.log.follow(place, start, (records) => this.#take(records));
      follower.finished.catch((error: unknown) => {
        failed(error);
        this.#followers.delete(partition);
      });
      return follower;
    } catch (error) {
      failed(error);
      this.#followers.delete(partition);
      return null;
    }
  }

  async #end(partition: number): Promise<void> {
    const following = this.#followers.get(partition);
    this.#followers.delete(partition);
    await (await following?.follower)?.stop();
  }

  /** What cannot be read is one report less. */
  async #take(records: readonly LogRecord[]): Promise<void> {
    const { codec, taken, failed } = this.#parts;
    for (const { value, timestampMs } of records) {
      if (value === null) continue;
      try {
        const message = await codec.decode(value);
        // A host whose clock is ahead would pass for one that reports after it has fallen silent.
        const atMs = Math.min(timestampMs, Date.now());
        if (message.type === 'HostReport') taken(message.value, BigInt(atMs) * MICROS_PER_MS);
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) throw error;
        failed(error);
      }
    }
  }

  /** Fixed for the life of the log; a failure is not remembered. */
  #count(): Promise<number> {
    this.#partitions ??= this.#ask().catch((error: unknown) => {
      this.#partitions = null;
      throw error;
    });
    return this.#partitions;
  }

  async #ask(): Promise<number> {
    const { port, namespace } = this.#parts;
    const admin = await port.admin();
    try {
      const [described] = await admin.describeTopics([inNamespace(TOPIC, namespace)]);
      if (described === undefined) throw new Error(`There is no topic ${TOPIC}.`);
      return described.partitions;
    } finally {
      await admin.close();
    }
  }
}
