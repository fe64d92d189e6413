import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Follower,
  LogPort,
  LogRecord,
  PartitionWriter,
  TopicPartition,
} from '@prorata/kafka-port';
import { partitionOf } from '@prorata/kafka-port';
import type { Codec, DemandReport } from '@prorata/schemas';
import { inNamespace, UnreadableRecord } from '@prorata/schemas';
import { boundedBatches } from '../rules/ruleWriter.ts';
import type { FleetRules } from './fleetRules.ts';
import { LeaseDesk } from './leaseDesk.ts';
import { leasesPartitionOf, recordsOf, takenLeases } from './leaseRecords.ts';

export interface PartitionLeasesOptions {
  readonly port: Pick<LogPort, 'writers' | 'log' | 'admin'>;
  readonly codec: Codec;
  readonly namespace: string;
  /** Of quota.events: its applications' leases are granted here. */
  readonly partition: TopicPartition;
  readonly group: string;
  /** The rules in force, which change meanwhile. */
  readonly rules: () => FleetRules;
  /** Called after each successful append with the number of leases. */
  readonly wrote: (leases: number) => void;
  /** Told of what made it begin anew. */
  readonly failed: (error: unknown) => void;
}

/** Reports that come together are answered together, milliseconds: an append takes about ten. */
const GATHER_MS = 50;
/** How many times as long as a round took is waited for the next: sharing out takes a fifth of the process at most. */
const GATHER_ROUNDS = 4;
/** How often it is looked for leases that are over and limits that changed, milliseconds. */
const LOOK_MS = 1_000;
/** How far back reports are read by a successor, milliseconds: hosts report three times in a lease's life. */
const REPORTS_MS = 6_000;
/** After a fault of the log, doubling, milliseconds. */
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/**
 * The one allocator of the fleet-wide limits of a partition's applications, for as long as the partition is owned:
 * it fences its predecessor, restores what is taken from the leases' topics, and serves. While no limit is shared it
 * does nothing at all. Any fault ends a life, and the next begins with the fence.
 */
export class PartitionLeases {
  readonly #options: PartitionLeasesOptions;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: PartitionLeasesOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    let retryMs = RETRY_MIN_MS;
    while (!signal.aborted) {
      if (this.#options.rules().applications.length === 0) await pause(LOOK_MS, signal);
      else {
        const begunAt = performance.now();
        try {
          await AllocatorLife.live(this.#options, signal);
        } catch (error) {
          if (!isHeld(signal)) return;
          this.#options.failed(error);
        }
        if (performance.now() - begunAt > RETRY_MAX_MS) retryMs = RETRY_MIN_MS;
        await pause(retryMs, signal);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
  }
}

/** From one fence to the next fault. */
class AllocatorLife {
  readonly #options: PartitionLeasesOptions;
  readonly #writer: PartitionWriter;
  readonly #signal: AbortSignal;
  readonly #desks = new Map<string, LeaseDesk>();
  readonly #followers = new Map<number, Follower>();
  #reportPartitions: number | null = null;
  readonly #fault = Promise.withResolvers<never>();
  #heard = Promise.withResolvers<undefined>();

  private constructor(
    options: PartitionLeasesOptions,
    writer: PartitionWriter,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#writer = writer;
    this.#signal = signal;
    // Nobody may be waiting when a follower fails.
    this.#fault.promise.catch(() => undefined);
  }

  /** Resolves when aborted; rejects with the fault that ended it. */
  static async live(options: PartitionLeasesOptions, signal: AbortSignal): Promise<void> {
    const { port, group, namespace, partition } = options;
    const topic = inNamespace('quota.leases', namespace);
    const identity = { group, topic, partition: partition.partition };
    const life = new AllocatorLife(options, await port.writers.fence(identity), signal);
    try {
      await life.#serve();
    } finally {
      await life.#end();
    }
  }

  async #serve(): Promise<void> {
    while (!this.#signal.aborted) {
      const begunAt = performance.now();
      await this.#followRules();
      // What is heard while leases are being written is for the next round.
      this.#heard = Promise.withResolvers<undefined>();
      await this.#grant();
      const tookMs = performance.now() - begunAt;
      const look = pause(LOOK_MS, this.#signal);
      await Promise.race([this.#heard.promise, look, this.#fault.promise]);
      const gatherMs = Math.min(LOOK_MS, Math.max(GATHER_MS, GATHER_ROUNDS * tookMs));
      await Promise.race([pause(gatherMs, this.#signal), this.#fault.promise]);
    }
  }

  /** Applications come in when the first of their limits is shared. */
  async #followRules(): Promise<void> {
    const rules = this.#options.rules();
    const now = nowMicros();
    const applications = new Set(rules.applications);
    for (const application of this.#desks.keys()) {
      if (!applications.has(application)) this.#desks.delete(application);
    }
    for (const application of applications) {
      const desk = this.#desks.get(application) ?? (await this.#restored(application));
      desk.follow(rules.of(application), now);
      if (this.#desks.has(application)) continue;
      this.#desks.set(application, desk);
      await this.#followReports(application);
    }
  }

  async #restored(application: string): Promise<LeaseDesk> {
    const { port, codec, namespace, rules } = this.#options;
    const desk = new LeaseDesk(application);
    const isOfWindows = [...rules().of(application).values()].some(({ limits }) =>
      limits.some(({ kind }) => kind === 'consumable'),
    );
    const partition = leasesPartitionOf(application, namespace);
    const terms = { nowMs: Date.now(), isOfWindows };
    for (const lease of await takenLeases(port, codec, partition, terms)) desk.restore(lease);
    return desk;
  }

  async #followReports(application: string): Promise<void> {
    const { port, namespace } = this.#options;
    const topic = inNamespace('host.reports', namespace);
    this.#reportPartitions ??= await this.#partitionsOf(topic);
    const partition = partitionOf(application, this.#reportPartitions);
    if (this.#followers.has(partition)) return;
    const place = { topic, partition };
    const recent = await port.log.offsetAt(place, Date.now() - REPORTS_MS);
    const from = recent ?? (await port.log.endOffset(place));
    const follower = await port.log.follow(place, from, (records) => this.#hear(records));
    this.#followers.set(partition, follower);
    follower.finished.catch((error: unknown) => this.#fault.reject(error));
  }

  async #partitionsOf(topic: string): Promise<number> {
    const admin = await this.#options.port.admin();
    try {
      const [described] = await admin.describeTopics([topic]);
      if (described === undefined) throw new Error(`There is no topic ${topic}.`);
      return described.partitions;
    } finally {
      await admin.close();
    }
  }

  async #hear(records: readonly LogRecord[]): Promise<void> {
    let isNew = false;
    for (const record of records) {
      const report = await this.#reportIn(record);
      const desk = report === null ? undefined : this.#desks.get(report.application);
      if (report !== null && desk?.hear(report, nowMicros()) === true) isNew = true;
    }
    if (isNew) this.#heard.resolve(undefined);
  }

  /** The key is the application: those of others are not decoded. */
  async #reportIn({ key, value }: LogRecord): Promise<DemandReport | null> {
    const application = key?.toString() ?? '';
    if (value === null || !this.#desks.has(application)) return null;
    try {
      const message = await this.#options.codec.decode(value);
      if (message.type !== 'DemandReport') return null;
      // A host could name another application than the one that its report was let in for.
      return message.value.application === application ? message.value : null;
    } catch (error) {
      if (error instanceof UnreadableRecord) return null;
      throw error;
    }
  }

  async #grant(): Promise<void> {
    const { codec, namespace, wrote } = this.#options;
    const now = nowMicros();
    for (const [application, desk] of this.#desks) {
      const changes = desk.round(now);
      if (changes.length === 0) continue;
      const records = await recordsOf(codec, application, namespace, changes);
      for await (const batch of boundedBatches(records)) await this.#writer.append(batch);
      wrote(changes.length);
    }
  }

  async #end(): Promise<void> {
    const followers = [...this.#followers.values()];
    await Promise.all(followers.map((follower) => follower.stop().catch(() => undefined)));
    await this.#writer.close().catch(() => undefined);
  }
}

const nowMicros = (): bigint => BigInt(Date.now()) * 1_000n;
const isHeld = (signal: AbortSignal): boolean => !signal.aborted;

/** Never rejects; keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
