import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createMemoryLog, partitionOf, seededRandom } from '@prorata/kafka-port';
import type {
  LogRecord,
  MemoryFaults,
  MemoryLog,
  MemoryProcess,
  Publisher,
} from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { CommandMessage, CommandOutcome, EventMessage, Message } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { Registry } from 'prom-client';
import { commandSigner } from '../signature/commandSigner.ts';
import { checkAtOnce } from '../signature/checkBytes.ts';
import type { CheckBytes } from '../signature/checkBytes.ts';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from '../writer/outRecords.ts';
import { startWriter } from '../writer/startWriter.ts';
import type { RunningWriter, WriterOptions } from '../writer/startWriter.ts';
import { TIMER_BOUNDS } from '../writer/timerBounds.ts';
import type { TimerBounds } from '../writer/timerBounds.ts';
import { writerMetrics } from '../writer/writerMetrics.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import { LogWitness } from './logWitness.ts';

export const partitions = 2;
export const topics = writerTopicsIn('');
const SESSION_MS = 6_000;

export interface SimulatedWriter {
  readonly process: MemoryProcess;
  readonly metrics: Registry;
  /** What its clock is wrong by, microseconds. */
  aheadMicros: bigint;
  /** It has crashed or was stopped, and does nothing any more. */
  isGone: boolean;
  running: RunningWriter | null;
}

/** Puts a fault into a writer through the parts that it is made of. */
export type Planting = (
  options: WriterOptions,
  process: MemoryProcess,
  writerNumber: number,
) => WriterOptions;

export interface SimulationOptions {
  readonly faults?: MemoryFaults;
  /** Events between two snapshots. */
  readonly snapshotEvents?: number;
  /** The longest time of one step of a call to the log, virtual milliseconds. */
  readonly latencyMsMax?: number;
  /** Quotas that a partition may hold. */
  readonly quotasMax?: number;
  /** The presets when absent. */
  readonly timerBounds?: TimerBounds;
  /** Between two anchors of a partition; absent: nothing is anchored. */
  readonly anchorMicros?: bigint;
  readonly plant?: Planting;
}

/** Making types of schemas costs a tenth of a run, and they are the same in all. */
const sharedCodec = new Codec(memoryIds());

/** Real writers over a log in memory: everything left to chance comes from the seed, time is virtual. */
export class WriterSimulation {
  readonly log: MemoryLog;
  readonly codec: Codec;
  readonly witness: LogWitness;
  readonly random: () => number;
  readonly writers: SimulatedWriter[] = [];
  /** Nobody gets a schema or an id, and what was known is not remembered. */
  isRegistryDown = false;
  readonly #sign;
  readonly #publicKey: KeyObject;
  readonly #anchorKey: KeyObject;
  readonly #client: MemoryProcess;
  readonly #options: SimulationOptions;
  readonly #checked = new Map<string, boolean>();
  #publisher: Publisher | null = null;

  constructor(seed: number, options: SimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.#options = options;
    this.codec = sharedCodec;
    const { timerBounds = TIMER_BOUNDS } = options;
    const anchorMicros = options.anchorMicros ?? null;
    this.witness = new LogWitness(this.codec, topics, timerBounds.awaitedMax, anchorMicros);
    const faults: MemoryFaults = {
      ...options.faults,
      inLog: (records) => this.witness.saw(records),
    };
    const { latencyMsMax = 30 } = options;
    this.log = createMemoryLog({ seed, latencyMsMax, markerDelayMsMax: 20, faults });
    for (const topic of Object.values(topics)) this.log.createTopic(topic, partitions);
    const pair = generateKeyPairSync('ed25519');
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    this.#sign = commandSigner('k1', pem as string);
    this.#publicKey = pair.publicKey;
    this.#anchorKey = pair.privateKey;
    // Commands come as fast as they are sent: clients are not what is tried here.
    this.#client = this.log.connect('once');
  }

  /** Microseconds. */
  get now(): bigint {
    return BigInt(Math.round(this.log.clock.nowMs * 1_000));
  }

  /** Another process of the writer; it joins while time moves. @param aheadMicros what its clock is wrong by */
  startWriter(aheadMicros = 0n): SimulatedWriter {
    const process = this.log.connect();
    const metrics = new Registry();
    const writer: SimulatedWriter = {
      process,
      metrics,
      aheadMicros,
      isGone: false,
      running: null,
    };
    const number = this.writers.push(writer);
    const options = this.#writerOptions(writer);
    const planted = this.#options.plant?.(options, process, number) ?? options;
    void startWriter(planted).then((running) => {
      writer.running = running;
    });
    return writer;
  }

  crash(writer: SimulatedWriter): void {
    writer.process.crash();
    writer.isGone = true;
  }

  /** As a gateway does: signed, in the partition of its stream. */
  async send(command: CommandMessage, signedAt = this.now): Promise<void> {
    const { stream } = command.value.envelope;
    const [key, value] = [Buffer.from(stream), await this.codec.encode('quota.commands', command)];
    const headers = this.#sign({ topic: topics.commands, key, value, signedAt });
    await this.sendRaw(partitionOf(stream, partitions), key, value, headers);
  }

  async sendRaw(
    partition: number,
    key: Buffer | null,
    value: Buffer,
    headers: Readonly<Record<string, Buffer | string>> = {},
  ): Promise<void> {
    this.#publisher ??= await this.#client.publisher();
    void this.#publisher.publish([{ topic: topics.commands, partition, key, value, headers }]);
  }

  /** Resolves `work` while virtual time moves under it. */
  async within<T>(work: Promise<T>): Promise<T> {
    const state = { isSettled: false };
    void work.finally(() => (state.isSettled = true)).catch(() => undefined);
    while (!state.isSettled) await this.log.clock.advance(100);
    return work;
  }

  /** What the witness holds against the log, and what should have happened by now. */
  async faults(): Promise<string[]> {
    await this.witness.settled;
    return [...this.witness.faults, ...this.witness.omissions(this.now)];
  }

  async read(
    topic: keyof typeof topics,
    process: MemoryProcess = this.#client,
  ): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic: topics[topic], partition };
      await this.within(process.log.readToEnd(place, 0n, (batch) => void records.push(...batch)));
    }
    return records;
  }

  events(): Promise<Recorded<EventMessage>[]> {
    return this.#decoded<EventMessage>('events');
  }

  async outcomes(): Promise<(CommandOutcome & { readonly partition: number })[]> {
    const records = await this.#decoded<{ type: 'CommandOutcome'; value: CommandOutcome }>(
      'outcomes',
    );
    return records.map(({ message, record }) => ({
      ...message.value,
      partition: record.partition,
    }));
  }

  #writerOptions(writer: SimulatedWriter): WriterOptions {
    const { process } = writer;
    const { clock } = this.log;
    const codec = this.#codecOfWriter();
    const logger = createLogger('writer', 'silent');
    const parts = { log: process.log, codec, encode: encoder(codec), topics, logger };
    return {
      port: process,
      codec,
      topics,
      logger,
      partitions,
      group: 'command-service',
      publicKeyOf: (id) => Promise.resolve(id === 'k1' ? this.#publicKey : null),
      checkBytes: this.#checkOnce,
      snapshots: new LogSnapshots({
        ...parts,
        everyEvents: this.#options.snapshotEvents ?? 40,
        taken: () => undefined,
      }),
      clock: { now: () => this.now + writer.aheadMicros, after: (ms, run) => clock.after(ms, run) },
      metrics: writerMetrics(writer.metrics),
      sessionTimeoutMs: SESSION_MS,
      ...(this.#options.timerBounds === undefined
        ? {}
        : { timerBounds: this.#options.timerBounds }),
      ...this.#anchors(),
      ...(this.#options.quotasMax === undefined ? {} : { quotasMax: this.#options.quotasMax }),
    };
  }

  #anchors(): Pick<WriterOptions, 'anchors'> {
    const { anchorMicros } = this.#options;
    if (anchorMicros === undefined) return {};
    const signAnchor = (bytes: Buffer): Buffer => sign(null, bytes, this.#anchorKey);
    return { anchors: { everyMicros: anchorMicros, keyId: 'a1', sign: signAnchor } };
  }

  /** Every takeover reads the same records again, and a check costs more than a decision. */
  readonly #checkOnce: CheckBytes = (bytes, key, signature) => {
    const known = `${signature.toString('latin1')} ${bytes.toString('latin1')}`;
    const valid = this.#checked.get(known) ?? Boolean(checkAtOnce(bytes, key, signature));
    this.#checked.set(known, valid);
    return valid;
  };

  #codecOfWriter(): WriterOptions['codec'] {
    const ask = <T>(work: () => Promise<T>): Promise<T> =>
      this.isRegistryDown ? Promise.reject(new Error('The registry is away.')) : work();
    return {
      encode: (topic, message) => ask(() => this.codec.encode(topic, message)),
      decode: (bytes) => ask(() => this.codec.decode(bytes)),
      hash: (bytes) => ask(() => this.codec.hash(bytes)),
    };
  }

  async #decoded<M extends Message>(topic: keyof typeof topics): Promise<Recorded<M>[]> {
    const records = await this.read(topic);
    return Promise.all(
      records.map(async (record) => ({
        record,
        message: (await this.codec.decode(record.value)) as M,
      })),
    );
  }
}

export interface Recorded<M> {
  readonly record: LogRecord;
  readonly message: M;
}
