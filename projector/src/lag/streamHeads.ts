import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';

/** A version of a stream that the tables must show. */
export interface StreamVersion {
  readonly stream: string;
  readonly version: bigint;
}

/** What a reader may wait for: a write is mostly shown within 150 ms, and beyond 2 s the lag says more. */
const WAIT_MS = 2_000;
/** Between two looks, while anybody waits: one query for all of them. */
const LOOK_MS = 25;
/** Each holds a request open. */
const WAITING_MAX = 1_000;

interface Waiting {
  /** Those that are not shown yet. */
  readonly left: Map<string, bigint>;
  readonly done: (isShown: boolean) => void;
  readonly failed: (error: unknown) => void;
}

export interface StreamHeadsOptions {
  readonly waitMs?: number;
  readonly waitingMax?: number;
}

/** How far the tables show each stream, for readers that wait for what they wrote. */
export class StreamHeads {
  readonly #pool: Pick<Pool, 'query'>;
  readonly #statement: string;
  readonly #waitMs: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<Waiting>();
  #looking: Promise<void> | null = null;

  /** @param schemas of the copies that must all show a version */
  constructor(
    pool: Pick<Pool, 'query'>,
    schemas: readonly string[],
    { waitMs = WAIT_MS, waitingMax = WAITING_MAX }: StreamHeadsOptions = {},
  ) {
    this.#pool = pool;
    this.#statement = headsIn(schemas);
    this.#waitMs = waitMs;
    this.#waitingMax = waitingMax;
  }

  /**
   * Waits, for a bounded time, until the tables show all of them; the later versions of them, too.
   * @returns whether they do
   */
  async reach(wanted: readonly StreamVersion[]): Promise<boolean> {
    const left = new Map<string, bigint>();
    for (const { stream, version } of wanted) {
      if (version > (left.get(stream) ?? 0n)) left.set(stream, version);
    }
    if (left.size === 0) return true;
    if (this.#waiting.size >= this.#waitingMax) return false;
    return this.#wait(left);
  }

  async #wait(left: Map<string, bigint>): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiting: Waiting = { left, done: resolve, failed: reject };
    const timer = setTimeout(() => resolve(false), this.#waitMs);
    this.#waiting.add(waiting);
    this.#looking ??= this.#look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  /** Goes on for as long as anybody waits. */
  async #look(): Promise<void> {
    while (this.#waiting.size > 0) {
      // Who comes during the query is looked for by the next one.
      const asked = [...this.#waiting];
      try {
        const heads = await this.#headsOf(asked);
        for (const waiting of asked) settle(waiting, heads);
      } catch (error) {
        for (const waiting of asked) waiting.failed(error);
      }
      await sleep(LOOK_MS);
    }
    this.#looking = null;
  }

  async #headsOf(asked: readonly Waiting[]): Promise<ReadonlyMap<string, bigint>> {
    const streams = [...new Set(asked.flatMap(({ left }) => [...left.keys()]))];
    const { rows } = await this.#pool.query<{ stream: string; stream_version: string }>(
      this.#statement,
      [streams],
    );
    return new Map(rows.map((row) => [row.stream, BigInt(row.stream_version)]));
  }
}

/** The least of what they show; nothing of a stream that one of them shows nothing of. */
function headsIn(schemas: readonly string[]): string {
  const each = schemas.map((schema) => `SELECT * FROM ${schema}.stream_heads`);
  return (
    `SELECT stream, min(stream_version) AS stream_version FROM (${each.join(' UNION ALL ')}) AS heads ` +
    `WHERE stream = ANY($1::text[]) GROUP BY stream HAVING count(*) = ${schemas.length}`
  );
}

function settle({ left, done }: Waiting, heads: ReadonlyMap<string, bigint>): void {
  for (const [stream, version] of left) {
    if ((heads.get(stream) ?? 0n) >= version) left.delete(stream);
  }
  if (left.size === 0) done(true);
}
