import type { ReadyCheck } from '@prorata/service-runtime';
import type { GenerationKeeper } from './generations/keeper.ts';
import type { LiveTables } from './generations/liveTables.ts';

/** How soon a start is noticed to have caught up, and later an outage of the database, milliseconds. */
const STARTING_PAUSE_MS = 250;
const STEADY_PAUSE_MS = 2_000;

/**
 * Ready once the tables have shown all of the log since the start, by whichever instance; not ready
 * while the database is away, or an owned partition is stopped, waits or is being restored.
 */
export class Readiness {
  readonly #tables: LiveTables;
  readonly #topics: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #hasCaughtUp = false;
  #database: string | null = 'not asked yet';
  #lagNow: bigint | null = null;

  constructor(tables: LiveTables, topics: readonly string[]) {
    this.#tables = tables;
    this.#topics = topics;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What keeps a copy from being filled that nobody reads yet is no reason to answer nothing. */
  checks(keeper: Pick<GenerationKeeper, 'feeds'>): readonly ReadyCheck[] {
    const read = this.#tables.live?.schemas ?? [];
    const feeds = keeper.feeds.filter(({ schema }) => read.includes(schema));
    const troubles = feeds.flatMap((feed) => feed.troubles);
    const behind = `${this.#lagNow ?? 'an unknown number of'} records behind`;
    return [
      check('tables', this.#tables.live !== null, 'no copy that this version reads is there yet'),
      check('database', this.#database === null, this.#database ?? ''),
      check('partitions', troubles.length === 0, troubles.join('; ')),
      check('caught up', this.#hasCaughtUp, behind),
    ];
  }

  async #look(): Promise<void> {
    try {
      const { live } = this.#tables;
      this.#lagNow = live === null ? null : await live.lag.measure(this.#topics);
      this.#database = null;
      this.#hasCaughtUp ||= this.#lagNow === 0n;
    } catch (error) {
      this.#database = error instanceof Error ? error.message : String(error);
    }
    if (this.#timer === undefined) return;
    const pauseMs = this.#hasCaughtUp ? STEADY_PAUSE_MS : STARTING_PAUSE_MS;
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
  }
}

const check = (name: string, ok: boolean, detail: string): ReadyCheck =>
  ok ? { name, ok } : { name, ok, detail };
