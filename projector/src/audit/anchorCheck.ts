import { HeadTree } from '@prorata/schemas';
import type { HeadsAnchored } from '@prorata/schemas';

/** A head as the chain has it. */
export interface ChainHead {
  readonly version: bigint;
  readonly hash: string;
  readonly offset: bigint;
}

/** What an anchor contradicts: an event of a stream, one that is missing (offset null), or all before it. */
export type Contradiction =
  | {
      readonly stream: string;
      readonly version: bigint;
      readonly offset: bigint | null;
      readonly problem: string;
    }
  | { readonly stream: null; readonly problem: string };

/** One partition's anchors, each held against the events before it. */
export class AnchorCheck {
  readonly #tree = new HeadTree();
  readonly #only: string | null;
  /** By stream the last version that an anchor named and that was as it said. */
  readonly #agreed = new Map<string, bigint>();
  #events = 0n;
  #covered = 0n;
  #lastAt: bigint | null = null;
  #anchors = 0;

  /** @param only the one stream looked at: of the others nothing is known, so roots are not compared; null: all */
  constructor(only: string | null) {
    this.#only = only;
  }

  /** Anchors seen. */
  get anchors(): number {
    return this.#anchors;
  }

  /** Events, the anchors' own apart. */
  get events(): bigint {
    return this.#events;
  }

  /** Events that no anchor of the log speaks of. */
  get eventsSince(): bigint {
    return this.#events - this.#covered;
  }

  /** When the last anchor was made, microseconds; null: there is none. */
  get lastAt(): bigint | null {
    return this.#lastAt;
  }

  /** One more event of a stream whose chain holds. */
  wentOn(stream: string, version: bigint, hash: string): void {
    this.#events += 1n;
    if (this.#only === null) this.#tree.set({ stream, version, hash: Buffer.from(hash, 'hex') });
  }

  /** @param heads of the streams in the order of their first events, the anchors' among them */
  check(
    { envelope, heads: named, root, streams, events }: HeadsAnchored,
    offset: bigint,
    heads: ReadonlyMap<string, ChainHead>,
  ): Contradiction | null {
    this.#anchors += 1;
    const what = `the anchor at offset ${offset}`;
    for (const { stream, streamVersion, hash } of named) {
      if (this.#only !== null && stream !== this.#only) continue;
      const text = Buffer.from(hash).toString('hex');
      const found = this.#compare(stream, streamVersion, text, heads.get(stream), what);
      if (found !== null) return found;
    }
    this.#lastAt = envelope.decidedAt;
    this.#covered = this.#events;
    if (this.#only !== null) return null;
    if (streams !== BigInt(this.#tree.size) || events !== this.#events) {
      const problem = `it speaks of ${events} events in ${streams} streams, and ${this.#events} in ${this.#tree.size} stand before it`;
      return { stream: null, problem };
    }
    if (this.#tree.root().equals(root)) return null;
    return { stream: null, problem: 'its root is not that of the events before it' };
  }

  #compare(
    stream: string,
    version: bigint,
    hash: string,
    head: ChainHead | undefined,
    what: string,
  ): Contradiction | null {
    const reached = head?.version ?? 0n;
    const offset = head?.offset ?? null;
    if (reached < version) {
      const problem = `${what} knows version ${version}, and the stream ends at ${reached} before it`;
      return { stream, version: reached + 1n, offset: null, problem };
    }
    if (reached > version) {
      const problem = `it stands before ${what}, which ends the stream at version ${version}`;
      return { stream, version: reached, offset, problem };
    }
    if (head?.hash !== hash) {
      const which = alteredSince(this.#agreed.get(stream) ?? 0n, version);
      return { stream, version, offset, problem: `its hash is not the one in ${what}: ${which}` };
    }
    this.#agreed.set(stream, version);
    return null;
  }
}

/** Which events of a stream it may be whose hash at `version` is wrong, after `agreed` was right. */
export function alteredSince(agreed: bigint, version: bigint): string {
  const first = agreed + 1n;
  return first === version
    ? 'it was altered'
    : `one of versions ${first} to ${version} was altered, or all`;
}
