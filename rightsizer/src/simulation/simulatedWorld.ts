import { seededRandom } from '@prorata/kafka-port';
import { START } from '@prorata/quota-model/testing';
import { SimulatedLog } from './simulatedLog.ts';
import { SimulatedTable } from './simulatedTable.ts';

export const HOUR = 3_600_000_000n;
export const DAY = 24n * HOUR;

/** What every seed's world has: a log, a table that a sink writes, a clock and dice. */
export abstract class SimulatedWorld {
  readonly log = new SimulatedLog();
  readonly table = new SimulatedTable();
  readonly random: () => number;
  now = START;
  /** Until when the sink writes nothing. */
  sinkAwayUntil = 0n;
  /** Nothing befalls anybody. */
  isQuiet = false;
  #named = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A step later: due times, hosts, the sink. */
  abstract advance(): void;

  /** What people do meanwhile, at random. */
  abstract meddle(): void;

  pick<Each>(list: readonly Each[]): Each {
    const each = list[Math.floor(this.random() * list.length)];
    if (each === undefined) throw new RangeError('Nothing to pick from.');
    return each;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** Counts up, for names that are used once. */
  nextName(): string {
    this.#named += 1;
    return `n${this.#named}`;
  }

  /** Takes in what hosts sent, and commits it where the sink is at work. */
  protected sink(): void {
    this.table.receive(this.now);
    if (this.now >= this.sinkAwayUntil) this.table.commit(this.now);
  }
}
