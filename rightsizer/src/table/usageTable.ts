import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { emptyManifest } from './manifest.ts';
import type {
  CommittedRange,
  DataFile,
  Manifest,
  Marker,
  PartitionPosition,
  TopicIdentity,
} from './manifest.ts';
import { ManifestStore } from './manifestStore.ts';
import type { StepHook } from './manifestStore.ts';
import type { QuarantineRow } from './rows.ts';
import { TableFault } from './tableFault.ts';
import type { TablePlaces, UsageDatabase } from './usageDatabase.ts';
import type { UsageColumns } from './usageColumns.ts';
import {
  quarantinePrefix,
  quarantineRows,
  usagePrefix,
  usageRows,
  writeDataFile,
} from './writeDataFile.ts';
import type { FilePlace, FileRows } from './writeDataFile.ts';

/** Writers of other partitions take turns with us; each turn is a few milliseconds. */
const COMMIT_ATTEMPTS = 50;
/** A staged manifest lives for milliseconds: one this old belongs to a process that died. */
const STAGED_MANIFEST_MS = 3_600_000;

/** One partition taken over: the right to commit to it, until somebody else takes it over. */
export interface PartitionClaim {
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: bigint;
  readonly marker: Marker | null;
}

export interface RangeToCommit {
  readonly from: bigint;
  readonly to: bigint;
  /** All of them: those in `usage` and in `quarantine`, and the duplicates. */
  readonly records: number;
  /** Records whose id counts already. */
  readonly duplicates: number;
  readonly usage: UsageColumns;
  readonly quarantine: readonly QuarantineRow[];
  readonly marker: Marker;
}

export interface TableOptions {
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly topic: TopicIdentity;
  readonly onStep?: StepHook;
}

/**
 * The writing side of the usage table. A range of offsets becomes files and then one atomic commit,
 * which also moves the partition's next offset: after a crash anywhere the range is either in the
 * table or will be written again.
 */
export class UsageTable {
  readonly #connection: DuckDBConnection;
  readonly #places: TablePlaces;
  readonly #topic: TopicIdentity;
  readonly #store: ManifestStore;
  readonly #onStep: StepHook;
  readonly #writer = randomUUID();
  /** Files are written one after another: they share one connection, and DuckDB's memory. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(connection: DuckDBConnection, options: TableOptions) {
    this.#connection = connection;
    this.#places = options.places;
    this.#topic = options.topic;
    this.#onStep = options.onStep ?? ((): undefined => undefined);
    this.#store = new ManifestStore(options.places.manifests, this.#onStep);
  }

  /** @throws TableFault TOPIC_CHANGED | PARTITIONS_CHANGED | MANIFEST_BROKEN */
  static async open(options: TableOptions): Promise<UsageTable> {
    const table = new UsageTable(await options.database.connect(), options);
    await table.#newest();
    await table.#store.clean(STAGED_MANIFEST_MS);
    return table;
  }

  close(): void {
    this.#connection.closeSync();
  }

  /** Voids every older claim on the partition, then clears away what they left unfinished. */
  async takeOver(partition: number): Promise<PartitionClaim> {
    const taken = await this.#commit((newest) => {
      const before = newest.partitions.get(partition);
      const position: PartitionPosition = {
        nextOffset: before?.nextOffset ?? 0n,
        epoch: (before?.epoch ?? 0) + 1,
        writer: this.#writer,
        marker: before?.marker ?? null,
      };
      return withPosition(newest, partition, position);
    });
    this.#onStep('taken-over');
    // Only now: before the takeover the former owner could still have committed one of these files.
    await this.#removeOrphans(partition, taken);
    const position = taken.partitions.get(partition);
    if (position === undefined) throw new TypeError('unreachable: just committed');
    return { partition, ...position };
  }

  /** @throws TableFault WRITER_STALE | OFFSET_GAP | OFFSET_OVERLAP | COMMIT_CONTENDED */
  commit(claim: PartitionClaim, range: RangeToCommit): Promise<PartitionClaim> {
    const result = this.#turn.then(() => this.#commitRange(claim, range));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #commitRange(claim: PartitionClaim, range: RangeToCommit): Promise<PartitionClaim> {
    const { partition } = claim;
    checkRange(claim, range);
    const committed = await this.#writeRange(claim, range);
    this.#onStep('commit-begins');
    const position: PartitionPosition = {
      nextOffset: range.to,
      epoch: claim.epoch,
      writer: this.#writer,
      marker: range.marker,
    };
    await this.#commit((newest) => {
      const now = this.#ownPosition(newest, claim);
      // Our own commit, of which the answer was lost.
      if (now.nextOffset === range.to && now.marker?.sha256 === range.marker.sha256) return null;
      checkRange({ ...claim, nextOffset: now.nextOffset }, range);
      const next = withPosition(newest, partition, position);
      return { ...next, ranges: inOrder([...newest.ranges, committed]) };
    });
    this.#onStep('committed');
    return { ...claim, nextOffset: range.to, marker: range.marker };
  }

  async #writeRange(claim: PartitionClaim, range: RangeToCommit): Promise<CommittedRange> {
    const { partition } = claim;
    try {
      const usage = await this.#write(usageRows(partition, range.usage), partition, range);
      const quarantine = await this.#write(
        quarantineRows(partition, range.quarantine),
        partition,
        range,
      );
      return {
        partition,
        from: range.from,
        to: range.to,
        records: range.records,
        duplicates: range.duplicates,
        usage:
          usage === null
            ? null
            : {
                ...usage,
                windowStart: range.usage.windowStart,
                windowEnd: range.usage.windowEnd,
              },
        quarantine,
      };
    } catch (error) {
      // Who has taken over clears away our files, also those that we are just writing.
      this.#ownPosition(await this.#newest(), claim);
      throw error;
    }
  }

  /** @throws TableFault WRITER_STALE */
  #ownPosition(newest: Manifest, { partition, epoch }: PartitionClaim): PartitionPosition {
    const position = newest.partitions.get(partition);
    if (position?.epoch !== epoch || position.writer !== this.#writer) {
      throw new TableFault('WRITER_STALE', `partition ${partition} has been taken over`);
    }
    return position;
  }

  async #write(
    file: FileRows,
    partition: number,
    { from, to }: RangeToCommit,
  ): Promise<DataFile | null> {
    if (file.rows === 0) return null;
    const place: FilePlace = { topic: this.#topic.name, partition, from, to };
    const writer = {
      connection: this.#connection,
      places: this.#places,
      writer: this.#writer,
      onStep: this.#onStep,
    };
    return writeDataFile(writer, file, place);
  }

  /** Rebases on the newest version until its turn comes. `change` gives null when nothing is to be done. */
  async #commit(change: (newest: Manifest) => Omit<Manifest, 'version'> | null): Promise<Manifest> {
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt += 1) {
      const newest = await this.#newest();
      const changed = change(newest);
      if (changed === null) return newest;
      const next: Manifest = { ...changed, version: newest.version + 1 };
      if (await this.#store.create(next)) return next;
    }
    throw new TableFault('COMMIT_CONTENDED', `no turn in ${COMMIT_ATTEMPTS} attempts`);
  }

  async #newest(): Promise<Manifest> {
    const newest = (await this.#store.newest()) ?? emptyManifest(this.#topic);
    if (newest.topic.name !== this.#topic.name) {
      throw new TableFault('TOPIC_CHANGED', `the table holds ${newest.topic.name}`);
    }
    if (newest.topic.partitions !== this.#topic.partitions) {
      throw new TableFault(
        'PARTITIONS_CHANGED',
        `the table was made with ${newest.topic.partitions} partitions, the topic has ${this.#topic.partitions}`,
      );
    }
    return newest;
  }

  async #removeOrphans(partition: number, manifest: Manifest): Promise<void> {
    const named = new Set(
      manifest.ranges.flatMap(({ usage, quarantine }) => [usage?.name, quarantine?.name]),
    );
    const own = [usagePrefix, quarantinePrefix].map(
      (prefix) => `${prefix}-${this.#topic.name}-${partition}-`,
    );
    for (const name of await readdir(this.#places.data)) {
      if (named.has(name) || !own.some((start) => name.startsWith(start))) continue;
      await rm(path.join(this.#places.data, name), { force: true });
    }
    for (const name of await readdir(this.#places.staging)) {
      if (name.startsWith(this.#writer)) continue;
      if (!own.some((start) => name.includes(`.${start}`))) continue;
      await rm(path.join(this.#places.staging, name), { force: true });
    }
  }
}

function withPosition(
  { topic, partitions, ranges }: Manifest,
  partition: number,
  position: PartitionPosition,
): Omit<Manifest, 'version'> {
  return { topic, ranges, partitions: new Map(partitions).set(partition, position) };
}

function checkRange(claim: PartitionClaim, { from, to }: RangeToCommit): void {
  const place = `partition ${claim.partition}: [${from}, ${to}) at ${claim.nextOffset}`;
  if (to <= from) throw new RangeError(`An empty range, ${place}.`);
  if (from < claim.nextOffset) throw new TableFault('OFFSET_OVERLAP', place);
  // A partition's first range may begin anywhere: what lies before was never in the table.
  if (from > claim.nextOffset && claim.marker !== null) throw new TableFault('OFFSET_GAP', place);
}

function inOrder(ranges: readonly CommittedRange[]): CommittedRange[] {
  return [...ranges].sort(
    (left, right) =>
      left.partition - right.partition ||
      (left.from < right.from ? -1 : Number(left.from > right.from)),
  );
}
