import { randomUUID } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DataFile } from '../iceberg/dataFile.ts';
import { IcebergTable } from '../iceberg/icebergTable.ts';
import type { TableChange } from '../iceberg/icebergTable.ts';
import type { StepHook, TableState } from '../iceberg/metadataVersions.ts';
import { defaultSpec } from '../iceberg/tableMetadata.ts';
import {
  OFFSETS_NOTE,
  offsetsOf,
  offsetsToText,
  partitionKey,
  POSITIONS_PROPERTY,
  positionsFromText,
  positionsToText,
  startPosition,
} from './positions.ts';
import type { Marker, PartitionPosition, PartitionPositions } from './positions.ts';
import {
  PRESET_BUCKETS,
  quarantineForm,
  quarantineTableForm,
  usageForm,
  usageTableForm,
} from './rowForms.ts';
import type { QuarantineRow } from './rows.ts';
import { clearStaging } from './clearStaging.ts';
import { TableFault } from './tableFault.ts';
import type { TablePlaces, UsageDatabase } from './usageDatabase.ts';
import type { UsageColumns } from './usageColumns.ts';
import { quarantineRows, usageRows, writeRows } from './writeRows.ts';
import type { RowsToWrite } from './writeRows.ts';

export type { Marker } from './positions.ts';

export interface TopicIdentity {
  /** The topic's full name, the namespace included. */
  readonly name: string;
  readonly partitions: number;
}

/** One partition taken over: the right to commit to it, until somebody else takes it over. */
export interface PartitionClaim {
  /** The topic's full name, or `import/<id>`. */
  readonly source: string;
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: bigint;
  readonly marker: Marker | null;
  /** What the broker called the topic when the last range was committed; null: nothing. */
  readonly topicId: string | null;
}

export interface RangeToCommit {
  readonly from: bigint;
  readonly to: bigint;
  /** All of them: those in `usage` and in `quarantine`, and the duplicates. */
  readonly records: number;
  readonly usage: UsageColumns;
  readonly quarantine: readonly QuarantineRow[];
  readonly marker: Marker;
  /** Records whose id counts already. */
  readonly duplicates: number;
  /** What the broker calls the topic; left out: as before. */
  readonly topicId?: string | null;
}

export interface TableOptions {
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly topic: TopicIdentity;
  /** Buckets of quotas that a day is split into: a table keeps those that it was made with. */
  readonly buckets?: number;
  readonly onStep?: StepHook;
  /** Milliseconds, for the dates of versions. */
  readonly now?: () => number;
}

const TOPIC_PROPERTY = 'prorata.topic';
const RANGE_SUMMARY = 'prorata.range';
/** The number of the version that a snapshot came with. */
export const VERSION_SUMMARY = 'prorata.version';

/**
 * The writing side of the usage table. A range of offsets becomes files and then one atomic commit,
 * which also moves the partition's next offset: after a crash anywhere the range is either in the
 * table or will be written again.
 */
export class UsageTable {
  readonly #connection: DuckDBConnection;
  readonly #places: TablePlaces;
  readonly #topic: TopicIdentity;
  readonly #usage: IcebergTable;
  readonly #quarantine: IcebergTable;
  readonly #onStep: StepHook;
  readonly #now: () => number;
  readonly #writer = randomUUID();
  /**
   * Files are made one after another: they share one connection, and DuckDB's memory. They are
   * uploaded and committed while those of another partition's range are made.
   */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(connection: DuckDBConnection, options: TableOptions) {
    const { places, onStep = (): undefined => undefined, now = Date.now } = options;
    this.#connection = connection;
    this.#places = places;
    this.#topic = options.topic;
    this.#onStep = onStep;
    this.#now = now;
    const { storage } = places;
    this.#usage = new IcebergTable({ storage, name: usageForm.name, onStep, now });
    this.#quarantine = new IcebergTable({ storage, name: quarantineForm.name, now });
  }

  /** Makes the tables where they are absent. @throws TableFault TABLE_FORMAT_OLD | TOPIC_CHANGED | PARTITIONS_CHANGED | METADATA_BROKEN */
  static async open(options: TableOptions): Promise<UsageTable> {
    await refuseOldForm(options.places);
    await clearStaging(options.places.staging);
    const table = new UsageTable(await options.database.connect(), options);
    const { buckets = PRESET_BUCKETS, topic } = options;
    const state = await table.#usage.ensure(
      usageTableForm(buckets, { [TOPIC_PROPERTY]: JSON.stringify(topic) }),
    );
    table.#checkTopic(state);
    await table.#quarantine.ensure(quarantineTableForm);
    return table;
  }

  close(): void {
    this.#connection.closeSync();
  }

  /**
   * Voids every older claim on the partition.
   * @param source of what is imported: `import/<id>`, partition 0; the topic if not told
   */
  async takeOver(partition: number, source = this.#topic.name): Promise<PartitionClaim> {
    const key = partitionKey(source, partition);
    const taken = await this.#usage.commit((base) => {
      this.#checkTopic(base);
      const positions = positionsOf(base);
      const before = positions.get(key) ?? startPosition;
      const after = { ...before, epoch: before.epoch + 1, writer: this.#writer };
      return propertiesChange(new Map(positions).set(key, after));
    });
    this.#onStep('taken-over');
    const position = positionsOf(taken).get(key);
    if (position === undefined) throw new TypeError('unreachable: just committed');
    const { epoch, nextOffset, marker, topicId } = position;
    return { source, partition, epoch, nextOffset, marker, topicId };
  }

  /** @throws TableFault WRITER_STALE | OFFSET_GAP | OFFSET_OVERLAP | COMMIT_CONTENDED */
  async commit(claim: PartitionClaim, range: RangeToCommit): Promise<PartitionClaim> {
    checkRange(claim, range);
    const begunMs = this.#now();
    const added = await this.#writeUsage(claim, range);
    await this.#commitQuarantine(claim, range);
    this.#onStep('commit-begins');
    const topicId = range.topicId === undefined ? claim.topicId : range.topicId;
    await this.#usage.commit((base) => {
      const positions = positionsOf(base);
      const now = this.#ownPosition(positions, claim);
      // Our own commit, of which the answer was lost.
      if (now.nextOffset === range.to && now.marker?.sha256 === range.marker.sha256) return null;
      checkRange({ ...claim, nextOffset: now.nextOffset }, range);
      const next = moved(positions, claim, range, topicId);
      return { ...propertiesChange(next), ...summaryOf(base, claim, range, next), added };
    }, begunMs);
    this.#onStep('committed');
    return { ...claim, nextOffset: range.to, marker: range.marker, topicId };
  }

  async #writeUsage(claim: PartitionClaim, range: RangeToCommit): Promise<DataFile[]> {
    const state = await newestOf(this.#usage);
    this.#ownPosition(positionsOf(state), claim);
    return this.#write(usageRows(range.usage), state, claim, range);
  }

  /**
   * Before the range itself, and idempotent by an offset of its own: a range that is written again,
   * cut otherwise, adds only what is not there yet.
   */
  async #commitQuarantine(claim: PartitionClaim, range: RangeToCommit): Promise<void> {
    if (range.quarantine.length === 0) return;
    for (;;) {
      const state = await newestOf(this.#quarantine);
      const next = quarantineOf(state, claim).nextOffset;
      const rows = range.quarantine.filter(({ offset }) => offset >= next);
      if (rows.length === 0) break;
      if (await this.#addQuarantine(state, claim, range, rows)) break;
    }
    this.#onStep('quarantine-committed');
  }

  /** @returns false when somebody else has added some of them meanwhile */
  async #addQuarantine(
    state: TableState,
    claim: PartitionClaim,
    range: RangeToCommit,
    rows: readonly QuarantineRow[],
  ): Promise<boolean> {
    const from = quarantineOf(state, claim).nextOffset;
    const begunMs = this.#now();
    const added = await this.#write(quarantineRows(rows), state, claim, { from, to: range.to });
    let isAdded = false;
    await this.#quarantine.commit((base) => {
      const before = quarantineOf(base, claim);
      isAdded = before.nextOffset === from;
      if (!isAdded) return null;
      const after = {
        ...before,
        nextOffset: range.to,
        quarantined: before.quarantined + rows.length,
      };
      const key = partitionKey(claim.source, claim.partition);
      const positions = new Map(positionsOf(base)).set(key, after);
      return { ...propertiesChange(positions), ...summaryOf(base, claim, range, positions), added };
    }, begunMs);
    return isAdded;
  }

  async #write(
    rows: RowsToWrite,
    { metadata }: TableState,
    claim: PartitionClaim,
    { from, to }: Pick<RangeToCommit, 'from' | 'to'>,
  ): Promise<DataFile[]> {
    if (rows.count === 0) return [];
    const writer = {
      connection: this.#connection,
      places: this.#places,
      writer: this.#writer,
      location: metadata.location,
      buckets: bucketsOf(metadata),
      onStep: this.#onStep,
      inTurn: <T>(work: () => Promise<T>) => this.#inTurn(work),
    };
    return writeRows(writer, rows, { ...claim, from, to });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** @throws TableFault WRITER_STALE */
  #ownPosition(positions: PartitionPositions, claim: PartitionClaim): PartitionPosition {
    const key = partitionKey(claim.source, claim.partition);
    const position = positions.get(key);
    if (position?.epoch !== claim.epoch || position.writer !== this.#writer) {
      throw new TableFault('WRITER_STALE', `${key} has been taken over`);
    }
    return position;
  }

  #checkTopic({ metadata }: TableState): void {
    const topic = topicOf(metadata);
    if (topic?.name !== this.#topic.name) {
      throw new TableFault('TOPIC_CHANGED', `the table holds ${topic?.name ?? 'no topic'}`);
    }
    if (topic.partitions !== this.#topic.partitions) {
      throw new TableFault(
        'PARTITIONS_CHANGED',
        `the table was made with ${topic.partitions} partitions, the topic has ${this.#topic.partitions}`,
      );
    }
  }
}

/** Up to Iceberg the table was JSON manifests beside one folder of files. @throws TableFault TABLE_FORMAT_OLD */
export async function refuseOldForm({ storage }: TablePlaces): Promise<void> {
  for await (const { key } of storage.list('manifests/')) {
    throw new TableFault(
      'TABLE_FORMAT_OLD',
      `${storage.location} holds ${key}, of the form before Iceberg. Move the folder away: ` +
        'the table fills itself again from what the topic still has.',
    );
  }
}

/** The topic that a table is filled from. @throws TableFault METADATA_BROKEN */
export function topicOf({ properties }: TableState['metadata']): TopicIdentity | null {
  const text = properties[TOPIC_PROPERTY];
  return text === undefined ? null : (JSON.parse(text) as TopicIdentity);
}

export function positionsOf({ metadata }: TableState): PartitionPositions {
  return positionsFromText(metadata.properties[POSITIONS_PROPERTY]);
}

/** Where the quarantine table stands with the claim's partition. */
function quarantineOf(state: TableState, claim: PartitionClaim): PartitionPosition {
  const key = partitionKey(claim.source, claim.partition);
  return positionsOf(state).get(key) ?? startPosition;
}

/** What the table was made with. */
function bucketsOf(metadata: TableState['metadata']): number {
  const digits = defaultSpec(metadata)
    .fields.map(({ transform }) => /^bucket\[(\d+)\]$/.exec(transform)?.[1])
    .find((each) => each !== undefined);
  return Number(digits ?? 1);
}

async function newestOf(table: IcebergTable): Promise<TableState> {
  const state = await table.newest();
  if (state === null) throw new TableFault('METADATA_BROKEN', `the table ${table.name} is gone`);
  return state;
}

function propertiesChange(positions: PartitionPositions): TableChange {
  return {
    operation: 'append',
    added: [],
    removed: [],
    summary: {},
    notes: {},
    properties: { [POSITIONS_PROPERTY]: positionsToText(positions) },
  };
}

function moved(
  positions: PartitionPositions,
  { source, partition }: PartitionClaim,
  range: RangeToCommit,
  topicId: string | null,
): PartitionPositions {
  const key = partitionKey(source, partition);
  const before = positions.get(key) ?? startPosition;
  return new Map(positions).set(key, {
    ...before,
    nextOffset: range.to,
    topicId,
    marker: range.marker,
    records: before.records + range.records,
    quarantined: before.quarantined + range.quarantine.length,
    duplicates: before.duplicates + range.duplicates,
  });
}

function summaryOf(
  base: TableState,
  { source, partition, epoch }: PartitionClaim,
  { from, to, records, quarantine, duplicates }: RangeToCommit,
  positions: PartitionPositions,
): Pick<TableChange, 'summary' | 'notes'> {
  const range = {
    source,
    partition,
    epoch,
    from: String(from),
    to: String(to),
    records,
    quarantined: quarantine.length,
    duplicates,
  };
  return {
    summary: {
      [RANGE_SUMMARY]: JSON.stringify(range),
      [VERSION_SUMMARY]: String(base.version + 1),
    },
    notes: { [OFFSETS_NOTE]: offsetsToText(offsetsOf(positions)) },
  };
}

function checkRange(claim: PartitionClaim, { from, to }: RangeToCommit): void {
  const place = `${partitionKey(claim.source, claim.partition)}: [${from}, ${to}) at ${claim.nextOffset}`;
  if (to <= from) throw new RangeError(`An empty range, ${place}.`);
  if (from < claim.nextOffset) throw new TableFault('OFFSET_OVERLAP', place);
  // A partition's first range may begin anywhere: what lies before was never in the table.
  if (from > claim.nextOffset && claim.marker !== null) throw new TableFault('OFFSET_GAP', place);
}
