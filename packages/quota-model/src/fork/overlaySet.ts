/** A set over another one, as `OverlayMap` is a map over another one. */
export class OverlaySet<T> extends Set<T> {
  readonly base: ReadonlySet<T>;
  readonly #added = new Set<T>();
  /** Members of the base that were deleted; one that came back is among the added, and stands last. */
  readonly #removed = new Set<T>();

  constructor(base: ReadonlySet<T>) {
    super();
    this.base = base;
  }

  override get size(): number {
    return this.base.size - this.#removed.size + this.#added.size;
  }

  override has(value: T): boolean {
    return this.#added.has(value) || this.#isInBase(value);
  }

  override add(value: T): this {
    if (!this.#isInBase(value)) this.#added.add(value);
    return this;
  }

  override delete(value: T): boolean {
    if (this.#added.delete(value)) return true;
    if (!this.#isInBase(value)) return false;
    this.#removed.add(value);
    return true;
  }

  override clear(): void {
    for (const value of [...this]) this.delete(value);
  }

  override *values(): SetIterator<T> {
    for (const value of this.base) if (!this.#removed.has(value)) yield value;
    yield* this.#added;
  }

  override keys(): SetIterator<T> {
    return this.values();
  }

  override *entries(): SetIterator<[T, T]> {
    for (const value of this.values()) yield [value, value];
  }

  override [Symbol.iterator](): SetIterator<T> {
    return this.values();
  }

  override forEach(each: (value: T, key: T, set: Set<T>) => void, thisArg?: unknown): void {
    for (const value of this.values()) each.call(thisArg, value, value, this);
  }

  /** Writes everything to the base, in O(what was written). The overlay must not be used afterwards. */
  foldInto(base: Set<T>): void {
    for (const value of this.#removed) base.delete(value);
    for (const value of this.#added) base.add(value);
  }

  #isInBase(value: T): boolean {
    return this.base.has(value) && !this.#removed.has(value);
  }
}
