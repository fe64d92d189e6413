/**
 * A map over another one: it reads through to the base and keeps what is written to itself. Making one
 * costs nothing that grows with the base, each write what a map's write costs. Entries are met in the
 * order in which the base would have met them, had it been written to. The base must not change while
 * the overlay is in use.
 */
export class OverlayMap<K, V> extends Map<K, V> {
  readonly base: ReadonlyMap<K, V>;
  readonly #written = new Map<K, V>();
  /** Keys of the base whose entry there is gone: deleted, or deleted and then written anew. */
  readonly #hidden = new Set<K>();
  /** Written keys that the base does not show. */
  #added = 0;

  constructor(base: ReadonlyMap<K, V>) {
    super();
    this.base = base;
  }

  override get size(): number {
    return this.base.size - this.#hidden.size + this.#added;
  }

  /** Keys written or deleted since the overlay was made. */
  *touchedKeys(): Generator<K> {
    yield* this.#written.keys();
    for (const key of this.#hidden) if (!this.#written.has(key)) yield key;
  }

  override get(key: K): V | undefined {
    if (this.#written.has(key)) return this.#written.get(key);
    return this.#hidden.has(key) ? undefined : this.base.get(key);
  }

  override has(key: K): boolean {
    return this.#written.has(key) || this.#isInBase(key);
  }

  override set(key: K, value: V): this {
    if (!this.#written.has(key) && !this.#isInBase(key)) this.#added += 1;
    this.#written.set(key, value);
    return this;
  }

  override delete(key: K): boolean {
    const isWritten = this.#written.delete(key);
    if (this.#isInBase(key)) {
      this.#hidden.add(key);
      return true;
    }
    if (isWritten) this.#added -= 1;
    return isWritten;
  }

  override clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }

  override *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.base) {
      if (this.#hidden.has(key)) continue;
      yield [key, this.#written.has(key) ? (this.#written.get(key) as V) : value];
    }
    for (const [key, value] of this.#written) if (!this.#isInBase(key)) yield [key, value];
  }

  override *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  override *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  override forEach(each: (value: V, key: K, map: Map<K, V>) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) each.call(thisArg, value, key, this);
  }

  /** Writes everything to the base, in O(what was written). The overlay must not be used afterwards. */
  foldInto(base: Map<K, V>): void {
    for (const key of this.#hidden) base.delete(key);
    for (const [key, value] of this.#written) base.set(key, value);
  }

  #isInBase(key: K): boolean {
    return this.base.has(key) && !this.#hidden.has(key);
  }
}
