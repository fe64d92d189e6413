import { generateKeyPairSync } from 'node:crypto';
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
import { checkAtOnce } from '../signature/verifySignature.ts';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from '../writer/outRecords.ts';
import { startWriter } from '../writer/startWriter.ts';
import type { RunningWriter } from '../writer/startWriter.ts';
import { writerMetrics } from '../writer/writerMetrics.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';

export const partitions = 2;
const topics = writerTopicsIn('');
const SESSION_MS = 6_000;

export interface SimulatedWriter {
  readonly process: MemoryProcess;
  readonly metrics: Registry;
  crashed: boolean;
  running: RunningWriter | null;
}

/** Real writers over a log in memory: everything left to chance comes from the seed, time is virtual. */
export class WriterSimulation {
  readonly log: MemoryLog;
  readonly codec = new Codec(memoryIds());
  readonly random: () => number;
  readonly writers: SimulatedWriter[] = [];
  readonly #sign;
  readonly #publicKey: KeyObject;
  readonly #client: MemoryProcess;
  #publisher: Publisher | null = null;
  readonly #snapshotEvents: number;

  constructor(seed: number, faults: MemoryFaults = {}, snapshotEvents = 40) {
    this.random = seededRandom(seed);
    this.#snapshotEvents = snapshotEvents;
    this.log = createMemoryLog({ seed, latencyMsMax: 30, markerDelayMsMax: 20, faults });
    for (const topic of Object.values(topics)) this.log.createTopic(topic, partitions);
    const pair = generateKeyPairSync('ed25519');
    this.#sign = commandSigner(
      'k1',
      pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    );
    this.#publicKey = pair.publicKey;
    this.#client = this.log.connect();
  }

  get now(): bigint {
    return BigInt(Math.round(this.log.clock.nowMs * 1_000));
  }

  /** Another process of the writer; it joins while time moves. @param aheadMicros what its clock is wrong by */
  startWriter(aheadMicros = 0n): SimulatedWriter {
    const { clock } = this.log;
    const process = this.log.connect();
    const registry = new Registry();
    const logger = createLogger('writer', 'silent');
    const encode = encoder(this.codec);
    const parts = { log: process.log, codec: this.codec, encode, topics, logger };
    const writer: SimulatedWriter = { process, metrics: registry, crashed: false, running: null };
    this.writers.push(writer);
    void startWriter({
      ...parts,
      port: process,
      partitions,
      group: 'command-service',
      publicKeyOf: (id) => Promise.resolve(id === 'k1' ? this.#publicKey : null),
      checkBytes: checkAtOnce,
      snapshots: new LogSnapshots({
        ...parts,
        everyEvents: this.#snapshotEvents,
        taken: () => undefined,
      }),
      clock: { now: () => this.now + aheadMicros, after: (ms, run) => clock.after(ms, run) },
      metrics: writerMetrics(registry),
      sessionTimeoutMs: SESSION_MS,
    }).then((running) => {
      writer.running = running;
    });
    return writer;
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
