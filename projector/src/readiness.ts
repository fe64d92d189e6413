import type { ReadyCheck } from '@prorata/service-runtime';
import type { LagMeter } from './lag/lagMeter.ts';
import type { PartitionOwner } from './partition/partitionOwner.ts';

/** How soon a start is noticed to have caught up, and later an outage of the database, milliseconds. */
const STARTING_PAUSE_MS = 250;
const STEADY_PAUSE_MS = 2_000;

/**
 * Ready once the tables have shown all of the log since the start, by whichever instance; not ready
 * while the database is away, or an owned partition is stopped, waits or is being restored.
 */
export class Readiness {
  readonly #lag: LagMeter;
  readonly #topics: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #hasCaughtUp = false;
  #database: string | null = 'not asked yet';
  #lagNow: bigint | null = null;

  constructor(lag: LagMeter, topics: readonly string[]) {
    this.#lag = lag;
    this.#topics = topics;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  checks(owners: readonly PartitionOwner[]): readonly ReadyCheck[] {
    const troubles = owners.flatMap((owner) => owner.troubles);
    const behind = `${this.#lagNow ?? 'an unknown number of'} records behind`;
    return [
      check('database', this.#database === null, this.#database ?? ''),
      check('partitions', troubles.length === 0, troubles.join('; ')),
      check('caught up', this.#hasCaughtUp, behind),
    ];
  }

  async #look(): Promise<void> {
    try {
      this.#lagNow = await this.#lag.measure(this.#topics);
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
