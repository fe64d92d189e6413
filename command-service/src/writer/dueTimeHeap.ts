interface Due {
  readonly at: bigint;
  readonly stream: string;
  readonly generation: number;
}

/** Stale entries may make up so much of the heap before it is built anew. */
const STALE_SHARE_MAX = 2;
/** Below this many entries, building anew saves nothing. */
const REBUILD_MIN = 1_024;

/**
 * Due times by name (of a stream, or of a timer in it), smallest first. A name's time is replaced by
 * pushing anew and passing over the older entry when it comes up.
 */
export class DueTimeHeap {
  #heap: Due[] = [];
  readonly #current = new Map<string, Due>();
  #generation = 0;

  /** Entries held, stale ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** The earliest time of all; null: nothing is due, ever. */
  earliest(): bigint | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** Sets a stream's earliest time; null: it has none. */
  set(stream: string, at: bigint | null): void {
    if (at === null) {
      this.#current.delete(stream);
      return;
    }
    if (this.#current.get(stream)?.at === at) return;
    const due = { at, stream, generation: ++this.#generation };
    this.#current.set(stream, due);
    this.#push(due);
    if (
      this.#heap.length > REBUILD_MIN &&
      this.#heap.length > this.#current.size * STALE_SHARE_MAX
    ) {
      this.#rebuild();
    }
  }

  /** Takes out the stream that is due first, if it is due at `now`; `set` puts it back. */
  popDue(now: bigint): string | null {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return null;
    this.#pop();
    this.#current.delete(first.stream);
    return first.stream;
  }

  /** How many are due at `now`; at most so many are counted, in O(of them and of stale entries before them). */
  countDue(now: bigint, most: number): number {
    let count = 0;
    const ahead = [0];
    for (let at = ahead.pop(); at !== undefined && count < most; at = ahead.pop()) {
      const due = this.#heap[at];
      // What is below an entry is no earlier.
      if (due === undefined || due.at > now) continue;
      if (this.#isCurrent(due)) count++;
      ahead.push(at * 2 + 1, at * 2 + 2);
    }
    return count;
  }

  #isCurrent(due: Due): boolean {
    return this.#current.get(due.stream)?.generation === due.generation;
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first && !this.#isCurrent(first); first = this.#heap[0]) {
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#current.values()];
    // From the last parent up, in O(n) (Floyd, 1964): the partition waits meanwhile.
    for (let parent = this.#heap.length >>> 1; parent >= 0; parent--) this.#sink(parent);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    heap.push(due);
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >>> 1;
      if (!this.#swapIfSmaller(child, parent)) return;
      child = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    this.#sink(0);
  }

  #sink(from: number): void {
    for (let parent = from; ;) {
      const left = parent * 2 + 1;
      const right = left + 1;
      const child = this.#isSmaller(right, left) ? right : left;
      if (child >= this.#heap.length || !this.#swapIfSmaller(child, parent)) return;
      parent = child;
    }
  }

  #isSmaller(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    return a !== undefined && b !== undefined && a.at < b.at;
  }

  #swapIfSmaller(child: number, parent: number): boolean {
    const [a, b] = [this.#heap[child], this.#heap[parent]];
    if (a === undefined || b === undefined || a.at >= b.at) return false;
    [this.#heap[child], this.#heap[parent]] = [b, a];
    return true;
  }
}
