import type { LogPort } from '@prorata/kafka-port';
import { partitionKey } from './table/positions.ts';
import type { Positions } from './table/tableVersion.ts';

interface Sample {
  readonly at: bigint;
  readonly ends: readonly bigint[];
}

/** Looks at the topic's end that are kept: with one an evaluation, far more than a freshness bound spans. */
const SAMPLES_MAX = 1_000;

/**
 * Up to when the table has all that the usage topic had. Under load a table never stands at the
 * topic's very end, so each look remembers where the end was, and the table has caught up with the
 * newest look whose ends it has passed.
 */
export class TableFreshness {
  readonly #log: Pick<LogPort, 'log'>;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #samples: Sample[] = [];

  constructor(log: Pick<LogPort, 'log'>, topic: string, partitions: number) {
    this.#log = log;
    this.#topic = topic;
    this.#partitions = partitions;
  }

  /** Notes the topic's end. @param now microseconds */
  async look(now: bigint): Promise<void> {
    const ends = await Promise.all(
      Array.from({ length: this.#partitions }, (_, partition) =>
        this.#log.log.endOffset({ topic: this.#topic, partition }),
      ),
    );
    this.#samples.push({ at: now, ends });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Microseconds; null: the table has never been seen to have caught up. */
  caughtUpAt(positions: Positions): bigint | null {
    const has = ({ ends }: Sample): boolean =>
      ends.every(
        (end, partition) => end <= (positions.get(partitionKey(this.#topic, partition)) ?? 0n),
      );
    return this.#samples.findLast(has)?.at ?? null;
  }
}
