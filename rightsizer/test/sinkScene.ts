import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, OutRecord, Publisher } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds, topicManifest } from '@prorata/schemas';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { expect } from 'vitest';
import type { CompactionRule } from '../src/compaction/planCompaction.ts';
import type { SinkRule } from '../src/sink/usageSink.ts';
import { tablePlaces, UsageDatabase } from '../src/table/usageDatabase.ts';
import type { TablePlaces } from '../src/table/usageDatabase.ts';
import { UsageReader } from '../src/table/usageReader.ts';
import type { Crash, DyingProcessConfiguration } from './dyingProcess.ts';
import { tokens, usageOut, usageRecord } from './usageRecords.ts';
import type { UsagePlace } from './usageRecords.ts';

export const partitions = topicManifest.partitions.local;
export const rule: SinkRule = { recordsMax: 50, intervalMs: 3_600_000, idleMs: 150 };
/** Of a machine that does much else, milliseconds. */
const CATCH_UP_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Days are not waited for: a pass takes what the sink has just written. */
const compaction: CompactionRule & { readonly unnamedMs: number } = {
  settleMs: -48 * HOUR_MS,
  filesMin: 2,
  bytesMax: 10_000_000,
  unnamedMs: HOUR_MS,
};

/** A topic of usage on the shared Kafka, an empty table, and sinks in processes of their own. */
export class SinkScene {
  readonly namespace: string;
  readonly topic: string;
  readonly port: LogPort;
  readonly publisher: Publisher;
  readonly codec: Codec;
  readonly directory: string;
  readonly places: TablePlaces;
  readonly database: UsageDatabase;
  readonly reader: UsageReader;
  readonly #children: ChildProcess[] = [];
  readonly #spares: ChildProcess[] = [];

  private constructor(
    namespace: string,
    port: LogPort,
    publisher: Publisher,
    places: TablePlaces,
    database: UsageDatabase,
  ) {
    this.namespace = namespace;
    this.topic = inNamespace('usage.events', namespace);
    this.port = port;
    this.publisher = publisher;
    this.codec = new Codec(registryIds(sharedStack().subjectsUrl), namespace);
    this.directory = places.root;
    this.places = places;
    this.database = database;
    this.reader = new UsageReader(database, places);
  }

  static async open(): Promise<SinkScene> {
    const port = connectKafka(kafkaConnection());
    const namespace = await freshNamespace({ apply: ['usage.events'] });
    const places = await tablePlaces(await mkdtemp(path.join(os.tmpdir(), 'prorata-sink-')));
    const database = await UsageDatabase.open(places.root);
    return new SinkScene(namespace, port, await port.publisher(), places, database);
  }

  killAll(): void {
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    this.killAll();
    for (const spare of this.#spares.splice(0)) spare.kill('SIGKILL');
    await this.port.close();
    this.database.close();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Where usage records go. */
  get place(): UsagePlace {
    return { codec: this.codec, namespace: this.namespace, partitions };
  }

  /** Processes that have begun nothing yet: their start takes longer than what they are started for. */
  startAhead(count: number): void {
    for (let index = 0; index < count; index += 1) this.#spares.push(this.#spawn());
  }

  /** A sink. @param crash null: it runs until it is ended from outside */
  startProcess(crash: Crash | null, group: string): ChildProcess {
    return this.#begin({
      directory: this.directory,
      work: {
        kind: 'sink',
        connection: kafkaConnection('rightsizer'),
        registryUrl: sharedStack().subjectsUrl,
        namespace: this.namespace,
        partitions,
        group: inNamespace(group, this.namespace),
        rule,
      },
      crash,
    });
  }

  /** Of both tables, pass after pass. @param crash as of `startProcess` */
  startCompactor(crash: Crash | null): ChildProcess {
    const { directory } = this;
    return this.#begin({ directory, work: { kind: 'compactor', rule: compaction }, crash });
  }

  #begin(configuration: DyingProcessConfiguration): ChildProcess {
    const child = this.#spares.shift() ?? this.#spawn();
    this.#children.push(child);
    child.stdin?.write(`${JSON.stringify(configuration)}\n`);
    return child;
  }

  #spawn(): ChildProcess {
    return spawn(process.execPath, [path.join(import.meta.dirname, 'dyingProcess.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** Resolves when a sink has died that is to die at its step. */
  async dieAt(crash: Crash, group: string): Promise<void> {
    await diedOf(crash, once(this.startProcess(crash, group), 'exit'));
  }

  /**
   * Data files that were written two hours ago, by the storage's clock: what of them nothing names is then removed.
   * @param which by their names
   */
  async makeOld(which: (name: string) => boolean): Promise<void> {
    const folder = path.join(this.directory, 'usage', 'data');
    const then = new Date(Date.now() - 2 * HOUR_MS);
    const names = (await readdir(folder)).filter(which);
    await Promise.all(names.map((name) => utimes(path.join(folder, name), then, then)));
  }

  /** @throws Error when the table has not all that the topic has in time */
  async caughtUp(): Promise<void> {
    const wanted = await Promise.all(
      Array.from({ length: partitions }, (_, partition) =>
        this.port.log.endOffset({ topic: this.topic, partition }),
      ),
    );
    const deadline = Date.now() + CATCH_UP_MS;
    for (;;) {
      const snapshot = await this.reader.newest();
      const has = wanted.every(
        (end, partition) =>
          end === 0n || snapshot?.positions.get(`${this.topic}/${partition}`) === end,
      );
      if (has) return;
      if (Date.now() > deadline) throw new Error('The table did not catch up.');
      await delay(50);
    }
  }

  /** Reads the table again and again until told; what a reader is refused, or sees twice, is thrown then. */
  readMeanwhile(): { end(): Promise<number> } {
    const ending = new AbortController();
    const reading = (async () => {
      let reads = 0;
      for (; !ending.signal.aborted; reads += 1) {
        const [found] =
          (await (
            await this.reader.newest()
          )?.ask(`
          SELECT count(*) AS rows, count(DISTINCT (source_partition, source_offset)) AS places FROM usage`)) ??
          [];
        expect(found?.['rows']).toBe(found?.['places']);
        await delay(50);
      }
      return reads;
    })();
    reading.catch(() => undefined);
    return {
      end() {
        ending.abort();
        return reading;
      },
    };
  }
}

/** @throws when it ended otherwise than at its step */
export async function diedOf({ step }: Crash, exit: Promise<unknown[]>): Promise<void> {
  expect([step, ...(await exit)]).toEqual([step, null, 'SIGKILL']);
}

/** What was sent, for comparing with what the table has. */
export class SentLedger {
  readonly #scene: SinkScene;
  #records = 0;
  #duplicates = 0;
  #malformed = 0;
  #used = 0n;

  constructor(scene: SinkScene) {
    this.#scene = scene;
  }

  /** Usage of many quotas, some records sent twice, some that cannot be read. */
  async send(count: number): Promise<void> {
    const out: OutRecord[] = [];
    for (let index = 0; index < count; index += 1) {
      const used = BigInt(Math.floor(Math.random() * 1_000));
      const quotaId = `llm/q${index % 23}`;
      const usage = usageRecord({ quotaId, bootId: randomUUID(), resources: [tokens(used)] });
      const record = await usageOut(this.#scene.place, usage);
      out.push(record);
      this.#records += 1;
      this.#used += used;
      if (index % 11 === 0) {
        out.push(record);
        this.#duplicates += 1;
      }
      if (index % 17 === 0) {
        out.push({ ...record, value: Buffer.from(`torn ${index}`) });
        this.#malformed += 1;
      }
    }
    await this.#scene.publisher.publish(out);
  }

  /** Nothing lost, nothing twice, everything accounted for. */
  async expectInTable(): Promise<void> {
    const { reader } = this.#scene;
    const snapshot = await reader.newest();
    const [counted] =
      (await snapshot?.ask(`
      SELECT sum(used) AS used, count(*) AS rows,
        count(DISTINCT (source_partition, source_offset)) AS places FROM usage`)) ?? [];
    const records = BigInt(this.#records);
    expect(counted).toEqual({ used: this.#used, rows: records, places: records });
    const positions = [...(snapshot?.partitions.values() ?? [])];
    const sum = (pick: (position: (typeof positions)[number]) => number): number =>
      positions.reduce((total, position) => total + pick(position), 0);
    expect(sum(({ quarantined }) => quarantined)).toBe(this.#malformed);
    expect(sum((position) => position.duplicates)).toBe(this.#duplicates);
    expect(sum((position) => position.records)).toBe(
      this.#records + this.#duplicates + this.#malformed,
    );
    const quarantine = await reader.quarantine();
    const rowsAndPlaces =
      'count(*) AS rows, count(DISTINCT (source_partition, source_offset)) AS places';
    const aside = await quarantine?.scan(await quarantine.files(), async (rows, connection) =>
      (await connection.runAndReadAll(`SELECT ${rowsAndPlaces} FROM ${rows}`)).getRowObjects(),
    );
    const malformed = BigInt(this.#malformed);
    expect(aside).toEqual([{ rows: malformed, places: malformed }]);
  }
}
