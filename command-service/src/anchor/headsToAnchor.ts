import { anchoredPartition } from '@prorata/quota-model';
import { HeadTree } from '@prorata/schemas';
import type { AnchoredHead } from '@prorata/schemas';
import type { Breathe } from '@prorata/service-runtime';

/** Leaves between two breaths: 5 to 10 ms. */
const LEAVES_IN_A_ROW = 1_000;

/** What the tree reads of a stream's head. */
interface EndOfStream {
  readonly version: bigint;
  readonly hash: Buffer;
}

/** What of a partition the next anchor is about: kept with every event, the tree only when it is asked for. */
export class HeadsToAnchor {
  /** Streams that have gone on since an anchor last named them, the first that did so first. */
  readonly unanchored = new Set<string>();
  /** Events of all streams but the anchors. */
  events = 0;
  readonly #tree = new HeadTree();
  /** Streams whose leaves are behind; new ones in the order of their first events. */
  readonly #behind = new Set<string>();

  /** A stream as a snapshot has it. */
  restored(stream: string, version: bigint, isAnchored: boolean): void {
    if (anchoredPartition(stream) !== null) return;
    this.events += Number(version);
    this.#behind.add(stream);
    if (!isAnchored) this.unanchored.add(stream);
  }

  /** One more event of a stream. */
  wentOn(stream: string): void {
    if (anchoredPartition(stream) !== null) return;
    this.events += 1;
    this.#behind.add(stream);
    this.unanchored.add(stream);
  }

  named(heads: readonly AnchoredHead[]): void {
    for (const { stream } of heads) this.unanchored.delete(stream);
  }

  /**
   * Brings the tree level with the heads, with room for others in between: after a restore every leaf is behind,
   * and a hundred thousand at once would stop the process for half a second. Nothing may change meanwhile.
   * @param heads of all streams, whose hashes must be known by now
   */
  async catchUp(heads: ReadonlyMap<string, EndOfStream>, breathe?: Breathe): Promise<void> {
    let leaves = 0;
    for (const stream of this.#behind) {
      this.#level(stream, heads);
      this.#behind.delete(stream);
      leaves += 1;
      if (leaves % LEAVES_IN_A_ROW !== 0) continue;
      // What lies above them, too, or the root would be the one long stop.
      this.#tree.root();
      await breathe?.();
    }
    this.#tree.root();
  }

  /** @param heads of all streams, whose hashes must be known by now */
  root(heads: ReadonlyMap<string, EndOfStream>): {
    readonly root: Buffer;
    readonly streams: bigint;
  } {
    for (const stream of this.#behind) this.#level(stream, heads);
    this.#behind.clear();
    return { root: this.#tree.root(), streams: BigInt(this.#tree.size) };
  }

  #level(stream: string, heads: ReadonlyMap<string, EndOfStream>): void {
    const head = heads.get(stream);
    if (head === undefined) throw new RangeError(`There is no head of ${stream}.`);
    this.#tree.set({ stream, version: head.version, hash: head.hash });
  }
}
