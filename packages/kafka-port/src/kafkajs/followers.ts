import { delay } from '../delay.ts';
import { LogRefused, LogUnavailable, OffsetGone } from '../port.ts';
import type { LogRecord, TopicPartition } from '../port.ts';
import { committedRecords, pastEmptied } from './committedRecords.ts';
import type { FetchedPartition } from './committedRecords.ts';
import { asLogError, faultOf, meansAbsentTopic } from './errors.ts';
import type { FetchConnection, FetchPosition } from './fetchConnection.ts';
import { FollowedPartition } from './followedPartition.ts';

/**
 * How long the broker holds a fetch that finds nothing, milliseconds. New records end it at once, so
 * it adds nothing to their latency; it bounds how long a newly added partition waits for its turn.
 */
const idleWaitMs = 100;
/** The same while a followed partition has no room: it should be asked for again soon. */
const busyWaitMs = 10;
const pauseMinMs = 5;
const pauseMaxMs = 500;
/** A topic that is unknown for so long has been deleted, milliseconds: longer than a broker's restart. */
const absentTopicForMs = 30_000;

/**
 * Follows any number of partitions over one connection per broker: one long fetch for all that have
 * room. A connection serves one request at a time, so separate fetches would wait for one another.
 * An outage of any length is retried; only what a retry cannot mend ends a follower.
 */
export class Followers {
  readonly #connection: FetchConnection;
  readonly #followed = new Set<FollowedPartition>();
  readonly #loops = new Map<string, Promise<void>>();
  #wake = Promise.withResolvers<undefined>();
  #locating: Promise<void> = Promise.resolve();
  #isLocating = false;
  #pauseMs = pauseMinMs;
  #closed = false;

  constructor(connection: FetchConnection) {
    this.#connection = connection;
  }

  add(
    partition: TopicPartition,
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => void | Promise<void>,
  ): FollowedPartition {
    const followed = new FollowedPartition(partition, from, onBatch, () => {
      if (followed.ended) this.#followed.delete(followed);
      this.#wakeUp();
    });
    if (this.#closed) followed.fail(new LogUnavailable('The port is closed.'));
    else this.#followed.add(followed);
    this.#locate();
    return followed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const stopping = Array.from(this.#followed, (followed) => followed.stop());
    this.#wakeUp();
    await Promise.all(stopping);
    await Promise.all([this.#locating, ...this.#loops.values()]);
  }

  #wakeUp(): void {
    const woken = this.#wake;
    this.#wake = Promise.withResolvers<undefined>();
    woken.resolve(undefined);
  }

  /** Finds the leader of every partition without one, and sees to it that each leader has a loop. */
  #locate(): void {
    if (!this.#isLocating) this.#locating = this.#locateAll();
  }

  async #locateAll(): Promise<void> {
    this.#isLocating = true;
    for (;;) {
      const lost = [...this.#followed].filter(({ leader }) => leader === undefined);
      if (lost.length === 0 || this.#closed) break;
      let allFound = true;
      for (const followed of lost) {
        try {
          followed.leader = await this.#connection.leaderOf(followed.partition);
          followed.absentSinceMs = undefined;
          this.#startLoop(followed.leader);
        } catch (error) {
          allFound = false;
          this.#failIfFinal(followed, error);
          if (!meansAbsentTopic(error)) this.#connection.reset();
        }
      }
      this.#wakeUp();
      if (!allFound) await this.#backOff();
    }
    this.#isLocating = false;
  }

  #startLoop(leader: string): void {
    if (this.#loops.has(leader)) return;
    this.#loops.set(leader, this.#fetchFrom(leader));
  }

  async #fetchFrom(leader: string): Promise<void> {
    while (!this.#closed) {
      const wake = this.#wake.promise;
      const led = [...this.#followed].filter((followed) => followed.leader === leader);
      if (led.length === 0) break;
      const ready = led.filter(({ hasRoom }) => hasRoom);
      if (ready.length === 0) {
        await wake;
        continue;
      }
      try {
        await this.#fetchOnce(leader, ready, ready.length < led.length ? busyWaitMs : idleWaitMs);
        this.#pauseMs = pauseMinMs;
      } catch (error) {
        await this.#recover(led, error);
      }
    }
    this.#loops.delete(leader);
  }

  async #fetchOnce(
    leader: string,
    ready: readonly FollowedPartition[],
    waitMs: number,
  ): Promise<void> {
    const single = ready.find(({ alone }) => alone);
    const asked = single ? [single] : ready;
    const positions = asked.map((followed) => ({
      ...followed.partition,
      offset: followed.fetchPosition,
    }));
    const fetched = await this.#connection.fetch(leader, lowest(positions), single ? 0 : waitMs);
    for (const part of fetched) {
      for (const [index, followed] of asked.entries()) {
        const { topic, partition, offset } = positions[index] ?? {};
        if (topic !== part.topic || partition !== part.partition || offset === undefined) continue;
        handOver(followed, part, offset, asked.length === 1);
      }
    }
  }

  /** Leaders are looked up again after any error; what cannot pass ends the partition it concerns. */
  async #recover(led: readonly FollowedPartition[], error: unknown): Promise<void> {
    if (this.#closed) return;
    const { code, retriable } = faultOf(error);
    if (code === 'OFFSET_OUT_OF_RANGE') {
      const { topic, partition } = error as Partial<TopicPartition>;
      for (const followed of led) {
        const at = followed.partition;
        if (at.topic !== topic || at.partition !== partition) continue;
        followed.fail(new OffsetGone(at, followed.fetchPosition, { cause: error }));
      }
      return;
    }
    if (!retriable) await this.#failTheRefused(led);
    this.#connection.reset();
    for (const followed of led) followed.leader = undefined;
    await this.#backOff();
    this.#locate();
  }

  /** kafkajs does not say which partition of a fetch was refused, so each is asked for by itself. */
  async #failTheRefused(led: readonly FollowedPartition[]): Promise<void> {
    for (const followed of led) {
      const { partition, fetchPosition, leader } = followed;
      if (leader === undefined) continue;
      try {
        await this.#connection.fetch(leader, [{ ...partition, offset: fetchPosition }], 0);
      } catch (error) {
        this.#failIfFinal(followed, error);
      }
    }
  }

  #failIfFinal(followed: FollowedPartition, error: unknown): void {
    const { topic, partition } = followed.partition;
    const doing = `Following ${topic}[${partition}]`;
    if (meansAbsentTopic(error) || error instanceof LogRefused) {
      followed.absentSinceMs ??= performance.now();
      if (performance.now() - followed.absentSinceMs < absentTopicForMs) return;
      followed.fail(asLogError(error, doing));
    } else if (!faultOf(error).retriable) {
      followed.fail(asLogError(error, doing));
    }
  }

  async #backOff(): Promise<void> {
    await delay(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMaxMs);
  }
}

/**
 * One position for each partition, the lowest: of a partition that a request names twice, the broker answers
 * one, and who is further behind would be handed what lies beyond a gap. Who is further ahead passes over what
 * it has had, and asks alone where that was all.
 */
function lowest(positions: readonly FetchPosition[]): readonly FetchPosition[] {
  const byPlace = new Map<string, FetchPosition>();
  for (const position of positions) {
    const place = `${position.topic} ${position.partition}`;
    const known = byPlace.get(place);
    if (known === undefined || position.offset < known.offset) byPlace.set(place, position);
  }
  return [...byPlace.values()];
}

function handOver(
  followed: FollowedPartition,
  part: FetchedPartition,
  from: bigint,
  alone: boolean,
): void {
  const committed = committedRecords(part, from);
  const next = alone ? pastEmptied(part, committed, from) : committed.next;
  followed.alone = next === from && BigInt(part.lastStableOffset) > from;
  if (next > from) followed.accept(committed.records, next);
}
