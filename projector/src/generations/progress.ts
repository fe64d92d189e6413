import type { PartitionLog, TopicPartition } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Pool } from 'pg';
import { readCheckpoints } from '../database/checkpoints.ts';
import { endOfNothing } from '../lag/endOfNothing.ts';
import { schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import type { ProjectionDefinition } from './projections.ts';

/**
 * How far a copy is, in offsets of the log: transactions' markers count among them. Of a partition in which nothing
 * but markers follows all is done.
 */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** The log that is filled from, and how many partitions each topic has. */
export interface Log {
  readonly log: PartitionLog;
  readonly namespace: string;
  readonly partitions: number;
}

/**
 * What is left of a partition is looked into when it is this little, offsets: a marker stands behind each transaction,
 * and those that were aborted leave what nobody reads.
 */
const MARKERS_MAX = 1_000;

/** @throws LogUnavailable | LogRefused, or what the database says */
export async function progressOf(
  pool: Pool,
  generation: Generation,
  { topics }: ProjectionDefinition,
  { log, namespace, partitions }: Log,
): Promise<Progress> {
  const checkpoints = await readCheckpoints(pool, [schemaOf(generation)]);
  let [done, total] = [0, 0];
  for (const { topic } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const place = { topic: inNamespace(topic, namespace), partition };
      const beginning = Number(await log.beginningOffset(place));
      const end = Number(await log.endOffset(place));
      const next = Number(checkpoints.get(`${topic} ${partition}`) ?? 0n);
      total += end - beginning;
      done += Math.min(Math.max(next - beginning, 0), end - beginning);
      const left = end - Math.max(next, beginning);
      if (left > 0 && left <= MARKERS_MAX && (await isNothing(log, place, next))) done += left;
    }
  }
  return { done, total };
}

async function isNothing(log: PartitionLog, place: TopicPartition, next: number): Promise<boolean> {
  return (await endOfNothing(log, place, BigInt(next))) !== null;
}

/** Between looks by which a rate is told, milliseconds: a batch more or less must not make it jump. */
const RATE_WINDOW_MS = 10_000;

interface Look {
  readonly atMs: number;
  readonly done: number;
}

/** Rate and time left, from the looks of the last seconds. */
export class ProgressRate {
  readonly #looks: Look[] = [];

  /** @returns per second, null at the first look; seconds left, null while nothing moves */
  look(
    { done, total }: Progress,
    atMs: number,
  ): { readonly rate: number | null; readonly secondsLeft: number | null } {
    this.#looks.push({ atMs, done });
    while (this.#looks.length > 2 && atMs - (this.#looks[0]?.atMs ?? 0) > RATE_WINDOW_MS) {
      this.#looks.shift();
    }
    const [first] = this.#looks;
    if (first === undefined || first.atMs === atMs) return { rate: null, secondsLeft: null };
    const rate = ((done - first.done) * 1_000) / (atMs - first.atMs);
    return { rate, secondsLeft: rate > 0 ? (total - done) / rate : null };
  }
}
