import { DIGEST_BYTES } from './firstOutcome.ts';

/** Entries of one page: its index is doubled while it fills, and a doubling takes a millisecond at most. */
export const PAGE_ENTRIES_MAX = 32_768;
/** A page in which little happens stays small; what follows comes in pieces that waste little, bytes. */
const FIRST_PIECE_BYTES = 4_096;
const PIECE_BYTES = 65_536;
const SLOTS_MIN = 64;
/** A slot holds the number of an entry from 1 on; 0 is empty. */
const SLOTS_MAX = 65_536;

/** In place of a piece's number: fewer pieces than this hold a page's entries, unless each is larger than 64 KiB. */
const GONE = 65_535;

/**
 * Bytes by key in typed arrays: no object for an entry, and nothing that the garbage collector walks.
 * Keys are digests, so that their own first bits are the hash. Open addressing with linear probing;
 * entries are only added or marked as gone, and the page goes as a whole.
 */
export class PackedPage {
  /** 0: free. An entry's number from 1 on. */
  #slots = new Uint16Array(SLOTS_MIN);
  readonly #pieces: Buffer[] = [];
  #starts = new Uint16Array(SLOTS_MIN);
  #pieceOf = new Uint16Array(SLOTS_MIN);
  /** Of the last piece. */
  #used = 0;
  #count = 0;
  #live = 0;
  #bytes = 3 * 2 * SLOTS_MIN;

  /** Entries that are not gone. */
  get live(): number {
    return this.#live;
  }

  /** Memory held. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#count >= PAGE_ENTRIES_MAX;
  }

  /** The bytes kept under the key, or null. @param key 16 bytes as latin1 */
  find(key: string): Buffer | null {
    const number = this.#slots[this.#slotOf(key)] ?? 0;
    if (number === 0) return null;
    const piece = this.#pieces[this.#pieceOf[number] ?? 0];
    const start = (this.#starts[number] ?? 0) + DIGEST_BYTES;
    const length = piece?.readUInt32LE(start) ?? 0;
    return piece?.subarray(start + 4, start + 4 + length) ?? null;
  }

  /** For a key that is not there, or that is gone. */
  add(key: string, bytes: Buffer): void {
    const number = ++this.#count;
    this.#live++;
    const size = DIGEST_BYTES + 4 + bytes.length;
    const piece = this.#room(size);
    this.#keepPlace(number);
    piece.write(key, this.#used, DIGEST_BYTES, 'latin1');
    piece.writeUInt32LE(bytes.length, this.#used + DIGEST_BYTES);
    bytes.copy(piece, this.#used + DIGEST_BYTES + 4);
    this.#used += size;
    if (this.#count * 2 > this.#slots.length && this.#slots.length < SLOTS_MAX) this.#growSlots();
    else this.#slots[this.#slotOf(key)] = number;
  }

  /** @returns whether it was there */
  remove(key: string): boolean {
    const number = this.#slots[this.#slotOf(key)] ?? 0;
    if (number === 0) return false;
    this.#pieceOf[number] = GONE;
    this.#live--;
    return true;
  }

  /** The slot of the key's entry, or the free one where it would be. */
  #slotOf(key: string): number {
    const mask = this.#slots.length - 1;
    let slot = (key.charCodeAt(0) | (key.charCodeAt(1) << 8) | (key.charCodeAt(2) << 16)) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0 || this.#hasKey(number, key)) return slot;
    }
  }

  #hasKey(number: number, key: string): boolean {
    const piece = this.#pieces[this.#pieceOf[number] ?? GONE];
    // One that is gone keeps its slot, so that whoever comes after it in the row is found.
    if (piece === undefined) return false;
    const start = this.#starts[number] ?? 0;
    for (let index = 0; index < DIGEST_BYTES; index++)
      if (piece[start + index] !== key.charCodeAt(index)) return false;
    return true;
  }

  /** The piece that takes so many bytes more, at `#used`; one that is too large gets a piece of its own. */
  #room(size: number): Buffer {
    const last = this.#pieces.at(-1);
    if (last !== undefined && this.#used + size <= last.length) return last;
    const usual = last === undefined ? FIRST_PIECE_BYTES : PIECE_BYTES;
    const piece = Buffer.allocUnsafeSlow(Math.max(usual, size));
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#used = 0;
    return piece;
  }

  #keepPlace(number: number): void {
    if (number >= this.#starts.length) {
      this.#bytes += 4 * this.#starts.length;
      this.#starts = doubled(this.#starts);
      this.#pieceOf = doubled(this.#pieceOf);
    }
    this.#starts[number] = this.#used;
    this.#pieceOf[number] = this.#pieces.length - 1;
  }

  #growSlots(): void {
    this.#bytes += 2 * this.#slots.length;
    this.#slots = new Uint16Array(this.#slots.length * 2);
    for (let number = 1; number <= this.#count; number++) {
      const piece = this.#pieces[this.#pieceOf[number] ?? GONE];
      const start = this.#starts[number] ?? 0;
      if (piece === undefined) continue;
      this.#slots[this.#slotOf(piece.toString('latin1', start, start + DIGEST_BYTES))] = number;
    }
  }
}

function doubled(array: Uint16Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(array.length * 2);
  larger.set(array);
  return larger;
}
