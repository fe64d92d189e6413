import { createHash } from 'node:crypto';

const MODULUS_MASK = (1n << 256n) - 1n;
const HEX_DIGITS = 64;

/**
 * A checksum over a set of rules that one change alters at the price of one rule: the sum of the SHA-256 of each
 * rule's JSON, modulo 2^256 (AdHASH: Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997). It
 * finds what was lost, doubled or damaged on the way, in whatever order it came; it is no signature.
 */
export class RuleSetChecksum {
  readonly #hashes = new Map<string, bigint>();
  #sum = 0n;

  /** How many rules there are. */
  get size(): number {
    return this.#hashes.size;
  }

  /** @param text the rule's JSON, letter for letter as it was sent */
  put(quotaId: string, text: string): void {
    const hash = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
    this.#sum = (this.#sum - (this.#hashes.get(quotaId) ?? 0n) + hash) & MODULUS_MASK;
    this.#hashes.set(quotaId, hash);
  }

  remove(quotaId: string): void {
    this.#sum = (this.#sum - (this.#hashes.get(quotaId) ?? 0n)) & MODULUS_MASK;
    this.#hashes.delete(quotaId);
  }

  clear(): void {
    this.#hashes.clear();
    this.#sum = 0n;
  }

  /** Lower-case hexadecimal. */
  toString(): string {
    return this.#sum.toString(16).padStart(HEX_DIGITS, '0');
  }
}
