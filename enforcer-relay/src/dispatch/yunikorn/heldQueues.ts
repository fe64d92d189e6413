/** What YuniKorn's scheduler would apply of a queue file: read from the text, as it reads it. */
import { rootOf } from './checkQueues.ts';
import { amountsOf, isAllZero, lesser } from './quantity.ts';
import type { Amounts } from './quantity.ts';
import { readSchedulerConfig } from './schedulerConfig.ts';
import type { QueueConfig } from './schedulerConfig.ts';

export interface HeldQueue {
  /** By type; what is absent is not bounded, here or above. */
  readonly max: Amounts;
  readonly guaranteed: Amounts;
  /** null: not bounded, here or above. */
  readonly applications: bigint | null;
}

/** By queue path: root.prod.ads. */
export function heldQueues(text: string): ReadonlyMap<string, HeldQueue> {
  const held = new Map<string, HeldQueue>();
  for (const partition of readSchedulerConfig(text).config.partitions ?? []) {
    const root = rootOf(partition);
    if (root === null) continue;
    const own = { max: new Map(), guaranteed: new Map(), applications: null };
    held.set('root', own);
    for (const queue of root.queues ?? []) hold(queue, 'root', own, held);
  }
  return held;
}

function hold(
  queue: QueueConfig,
  parentPath: string,
  parent: HeldQueue,
  held: Map<string, HeldQueue>,
): void {
  const path = `${parentPath}.${(queue.name ?? '').toLowerCase()}`;
  const own = amountsOf(queue.resources?.max) ?? new Map<string, bigint>();
  const kept = amountsOf(queue.resources?.guaranteed) ?? new Map<string, bigint>();
  const most = queue.maxapplications ?? 0n;
  const here: HeldQueue = {
    // A max that is 0 of everything is dropped.
    max: isAllZero(own) ? parent.max : lesser(own, parent.max),
    guaranteed: isAllZero(kept) ? new Map() : kept,
    applications: most === 0n ? parent.applications : lesserOf(most, parent.applications),
  };
  held.set(path, here);
  for (const child of queue.queues ?? []) hold(child, path, here, held);
}

const lesserOf = (a: bigint, b: bigint | null): bigint => (b === null || a < b ? a : b);
