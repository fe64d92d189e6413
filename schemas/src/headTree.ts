import { hash } from 'node:crypto';

/** Bytes of a SHA-256. */
const HASH_BYTES = 32;
/** A level's room grows by doubling from here, hashes. */
const ROOM_MIN = 16;

/** A leaf can never be taken for a node, nor a node for a leaf: RFC 9162, 2.1.1. */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** The last event of a stream. */
export interface StreamEnd {
  readonly stream: string;
  readonly version: bigint;
  /** SHA-256 of the event's canonical bytes. */
  readonly hash: Uint8Array;
}

/**
 * The tree that anchors sign: a leaf for each stream of a partition, in the order of first events; the
 * root is that of RFC 9162, 2.1.1. It is kept level by level, so that a stream that goes on costs
 * O(log n) hashes and 64 bytes are held a stream. Specified in docs/reference/anchors.md.
 */
export class HeadTree {
  /** From the leaves up; of each, so many hashes one after the other as the level has nodes. */
  readonly #levels: Level[] = [new Level()];
  readonly #indexes = new Map<string, number>();
  #changed = new Set<number>();

  /** Streams that have a leaf. */
  get size(): number {
    return this.#indexes.size;
  }

  /** The leaf of a stream: where it has been, or behind all others. */
  set(end: StreamEnd): void {
    let index = this.#indexes.get(end.stream);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(end.stream, index);
    }
    this.#levels[0]?.set(index, leafOf(end));
    this.#changed.add(index);
  }

  /** Of no stream at all: SHA-256 of nothing. */
  root(): Buffer {
    if (this.size === 0) return hash('sha256', Buffer.alloc(0), 'buffer');
    let changed = this.#changed;
    this.#changed = new Set();
    let level = 0;
    for (let nodes = this.size; nodes > 1; nodes = Math.ceil(nodes / 2)) {
      changed = this.#lift(level, nodes, changed);
      level += 1;
    }
    return Buffer.from(this.#levels[level]?.get(0) ?? []);
  }

  /** Makes the parents of what has changed anew; a last node without a neighbour goes up as it is. */
  #lift(at: number, nodes: number, changed: ReadonlySet<number>): Set<number> {
    const level = (this.#levels[at] ??= new Level());
    const above = (this.#levels[at + 1] ??= new Level());
    const parents = new Set<number>();
    for (const index of changed) parents.add(index >>> 1);
    for (const parent of parents) {
      const left = parent * 2;
      const isAlone = left + 1 === nodes;
      above.set(parent, isAlone ? level.get(left) : nodeOf(level.get(left), level.get(left + 1)));
    }
    return parents;
  }
}

/** Hashes in one piece of memory: a hundred thousand small buffers would take three times as much. */
class Level {
  #hashes = Buffer.alloc(ROOM_MIN * HASH_BYTES);

  get(index: number): Buffer {
    return this.#hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }

  set(index: number, bytes: Uint8Array): void {
    while ((index + 1) * HASH_BYTES > this.#hashes.length) {
      this.#hashes = Buffer.concat([this.#hashes, Buffer.alloc(this.#hashes.length)]);
    }
    this.#hashes.set(bytes, index * HASH_BYTES);
  }
}

/** A head as it stands in the tree: a list in JSON by RFC 8785. */
function leafOf({ stream, version, hash: head }: StreamEnd): Buffer {
  const text = JSON.stringify([stream, version.toString(), Buffer.from(head).toString('hex')]);
  return hash('sha256', Buffer.concat([LEAF, Buffer.from(text)]), 'buffer');
}

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}
