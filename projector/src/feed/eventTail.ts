import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { readCheckpoints } from '../database/checkpoints.ts';
import type { Logger } from '../logger.ts';
import { FEED_COLUMNS, feedEventOf } from './feedEvent.ts';
import type { FeedEvent, FeedRow } from './feedEvent.ts';

/** Between two looks at how far the tables have come, while anybody listens. */
const LOOK_MS = 50;
/** After a look that failed. */
const PAUSE_MS = 1_000;
/** Events that are kept for those who listen, of all partitions: about 1 KB each. */
const KEPT_MAX = 20_000;
/** Events of one reading. */
export const PAGE_MAX = 500;
/** Readings of what is kept no more at a time: those who come back from far must not take every connection. */
const READINGS_MAX = 3;

/** Events of a partition from one offset on and before another: each month's primary key finds them. */
export const FEED_PAGE =
  `SELECT ${FEED_COLUMNS} FROM audit_log WHERE topic = 'quota.events' AND partition = $1 ` +
  'AND log_offset >= $2 AND log_offset < $3 ORDER BY log_offset LIMIT $4';

interface Kept {
  /** The offset from which every event is kept. */
  from: bigint;
  readonly events: FeedEvent[];
}

export interface EventPage {
  readonly events: readonly FeedEvent[];
  /** Where to go on. */
  readonly next: bigint;
}

/** Copies of the tables, all of which must show an event before it is told. */
export interface LiveCopies {
  readonly pool: Pick<Pool, 'query'>;
  readonly schemas: readonly string[];
}

interface TailParts {
  /** What is read now, which may be other copies of the tables the next time; null: nothing is. */
  readonly live: () => LiveCopies | null;
  readonly logger: Pick<Logger, 'warn'>;
  readonly partitions: number;
}

/**
 * The end of the events as the tables have them, read once for all who listen: who is told of an event
 * finds it in every answer. Within a partition batches are committed in their order, so that nothing comes
 * before an offset that was passed.
 */
export class EventTail {
  readonly #parts: TailParts;
  readonly #positions = new Map<number, bigint>();
  readonly #kept = new Map<number, Kept>();
  #listeners = 0;
  #moved = Promise.withResolvers<null>();
  /** Resolves when the positions are known; null while nobody looks. */
  #ready: Promise<void> | null = null;
  #readings = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: TailParts) {
    this.#parts = parts;
  }

  /** Resolves when the positions are known; looks on until as many have left. */
  async join(): Promise<void> {
    this.#listeners += 1;
    if (this.#ready === null) {
      this.#ready = this.#begin();
      void this.#ready.then(
        () => this.#look(),
        () => (this.#ready = null),
      );
    }
    await this.#ready;
  }

  leave(): void {
    this.#listeners -= 1;
  }

  /** How far the tables have come. */
  position(partition: number): bigint {
    return this.#positions.get(partition) ?? 0n;
  }

  /** Resolves at the next move of any position. */
  get moved(): Promise<unknown> {
    return this.#moved.promise;
  }

  /** Some events from an offset on; empty at the position. */
  async read(partition: number, from: bigint): Promise<EventPage> {
    const position = this.position(partition);
    if (from >= position) return { events: [], next: from };
    const kept = this.#kept.get(partition);
    if (kept !== undefined && from >= kept.from) {
      const at = placeOf(kept.events, from);
      const events = kept.events.slice(at, at + PAGE_MAX);
      return { events, next: nextOf(events, position) };
    }
    await this.#enter();
    try {
      return await this.#readTable(partition, from, position);
    } finally {
      this.#exit();
    }
  }

  /** The tables may have moved while nobody listened: what is kept begins anew. */
  async #begin(): Promise<void> {
    this.#kept.clear();
    for (const [partition, next] of await this.#checkpoints()) {
      this.#positions.set(partition, next);
    }
  }

  async #look(): Promise<void> {
    while (this.#listeners > 0) {
      await sleep(LOOK_MS);
      try {
        if (await this.#advance()) this.#tell();
      } catch (error) {
        this.#parts.logger.warn({ err: error }, 'The feed waits for the tables.');
        await sleep(PAUSE_MS);
      }
    }
    this.#ready = null;
  }

  #tell(): void {
    this.#moved.resolve(null);
    this.#moved = Promise.withResolvers();
  }

  /** Tables that are filled anew stand before what was told already: they are waited for. */
  async #advance(): Promise<boolean> {
    let hasMoved = false;
    for (const [partition, next] of await this.#checkpoints()) {
      const position = this.position(partition);
      if (next <= position) continue;
      const { events, next: read } = await this.#readTable(partition, position, next);
      this.#keep(partition, position, events);
      this.#positions.set(partition, read);
      hasMoved = true;
    }
    return hasMoved;
  }

  #keep(partition: number, from: bigint, events: readonly FeedEvent[]): void {
    const kept = this.#kept.get(partition) ?? { from, events: [] };
    kept.events.push(...events);
    const over = kept.events.length - Math.ceil(KEPT_MAX / this.#parts.partitions);
    if (over > 0) {
      kept.from = (kept.events[over - 1]?.offset ?? 0n) + 1n;
      kept.events.splice(0, over);
    }
    this.#kept.set(partition, kept);
  }

  /** Of the tables that are read now. A copy that takes the place of another shows all that it showed. */
  get pool(): Pick<Pool, 'query'> {
    return this.#live.pool;
  }

  get #live(): LiveCopies {
    const live = this.#parts.live();
    if (live === null) throw new Error('There are no tables to read now.');
    return live;
  }

  async #checkpoints(): Promise<ReadonlyMap<number, bigint>> {
    const { pool, schemas } = this.#live;
    const checkpoints = await readCheckpoints(pool, schemas);
    const partitions = Array.from({ length: this.#parts.partitions }, (_, index) => index);
    return new Map(partitions.map((each) => [each, checkpoints.get(`quota.events ${each}`) ?? 0n]));
  }

  async #readTable(partition: number, from: bigint, to: bigint): Promise<EventPage> {
    const { rows } = await this.pool.query<FeedRow>(FEED_PAGE, [partition, from, to, PAGE_MAX]);
    const events = rows.map(feedEventOf);
    return { events, next: nextOf(events, to) };
  }

  async #enter(): Promise<void> {
    if (this.#readings < READINGS_MAX) this.#readings += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on to who waits longest. */
  #exit(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#readings -= 1;
    else next();
  }
}

/** Where the first event at or after the offset stands. */
function placeOf(events: readonly FeedEvent[], from: bigint): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.offset ?? from) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of a full page the place after its last, and otherwise the end that was asked for. */
function nextOf(events: readonly FeedEvent[], to: bigint): bigint {
  const last = events.at(-1);
  return events.length < PAGE_MAX || last === undefined ? to : last.offset + 1n;
}
