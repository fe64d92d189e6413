import { StateAssembly, stateEntries } from '@prorata/quota-model';
import type { StreamHead } from '../writer/partitionState.ts';

/** Made and written in some milliseconds: while one is, commands wait, bytes. */
export const CHUNK_BYTES_MAX = 100_000;

/** Of a head: version, hash, decision time, and whether an anchor has named it. */
type About = readonly [string, string, string, boolean];

/** A stream's head in chunks, each a list in JSON: about its last event first, then the model's own entries. */
export function* headChunks(head: StreamHead, size = CHUNK_BYTES_MAX): Generator<Buffer> {
  const about: About = [
    head.version.toString(),
    head.hash.toString('hex'),
    head.decidedAt.toString(),
    head.isAnchored,
  ];
  let entries = [JSON.stringify(about)];
  let length = 0;
  for (const entry of stateEntries(head.state)) {
    entries.push(entry);
    // Counted in UTF-16 units: a chunk may take up to three times as many bytes, and still fits.
    length += entry.length + 1;
    if (length < size) continue;
    yield Buffer.from(`[${entries.join(',')}]`);
    entries = [];
    length = 0;
  }
  if (entries.length > 0) yield Buffer.from(`[${entries.join(',')}]`);
}

/** Makes a stream's head of its chunks again. */
export class HeadAssembly {
  readonly #assembly = new StateAssembly();
  #about: About | null = null;

  /** In order. @throws Error when the bytes are no chunk */
  add(chunk: Buffer): void {
    const entries = JSON.parse(chunk.toString()) as unknown[];
    for (const entry of entries) {
      if (this.#about === null) this.#about = entry as About;
      else this.#assembly.add(entry);
    }
  }

  /**
   * @param breathe lets others have their turn: of a large state this takes seconds
   * @throws Error when the chunks were no stream's head
   */
  async finish(breathe: () => Promise<unknown>): Promise<StreamHead> {
    if (this.#about === null) throw new TypeError('There was no chunk.');
    const [version, hash, decidedAt, isAnchored] = this.#about;
    const finishing = this.#assembly.finishing();
    let step = finishing.next();
    while (step.done !== true) {
      await breathe();
      step = finishing.next();
    }
    return {
      version: BigInt(version),
      hash: Buffer.from(hash, 'hex'),
      decidedAt: BigInt(decidedAt),
      isAnchored,
      state: step.value,
    };
  }
}
