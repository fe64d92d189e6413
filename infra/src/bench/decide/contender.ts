/** What one decision is measured as. */
export const rowNames = ['hot', 'keyed', 'random', 'refusal', 'permit'] as const;
export type RowName = (typeof rowNames)[number];

/** Makes so many decisions, one after the other; a batch that takes promises awaits each. */
export type Batch = (decisions: number) => number | Promise<number>;

/** One way to limit, with those rows that it knows. */
export interface Contender {
  readonly rows: Partial<Readonly<Record<RowName, Batch>>>;
  /** Lets each of the keys decide once, as a service does that met them all. */
  readonly meetAll?: (keys: readonly string[]) => void | Promise<void>;
  /** Lets go what keeps the process. */
  readonly close?: () => void | Promise<void>;
}

/** What a process measured of its contender. */
export interface Measured {
  /** Nanoseconds a decision, of the fastest batch. */
  readonly nanos: Partial<Record<RowName, number>>;
  /** Heap and arrays a key, the key's own text left out; null: it knows no keys. */
  readonly bytesPerKey: number | null;
  /** Heap that a decision on the hot key leaves to the collector; null: it has no such row. */
  readonly bytesPerDecision: number | null;
}

/** No bucket of the bench is ever empty that is not meant to be. */
export const PLENTY = 2 ** 40;
/** More than a run makes of refusals: none of them waits so short that it could be let through. */
export const LONG_MS = 86_400_000;
export const KEYS = 100_000;

export const HOT_KEY = 'caller-hot';

/** The keys, and the order in which all contenders meet them: uniform, from a seeded generator. */
export function randomKeys(): { keys: readonly string[]; order: Uint32Array } {
  const keys = Array.from({ length: KEYS }, (_, index) => `caller-${index}`);
  const order = new Uint32Array(2 ** 20);
  let state = 0x9e3779b9;
  for (let index = 0; index < order.length; index += 1) {
    // xorshift32 of Marsaglia, 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    order[index] = (state >>> 0) % KEYS;
  }
  return { keys, order };
}

/** Walks the order on from where the last batch ended, so that no batch meets the same keys again. */
export class KeyWalk {
  readonly #keys: readonly string[];
  readonly #order: Uint32Array;
  #at = 0;

  constructor() {
    const { keys, order } = randomKeys();
    this.#keys = keys;
    this.#order = order;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  next(): string {
    this.#at = (this.#at + 1) & (this.#order.length - 1);
    return this.#keys[this.#order[this.#at] ?? 0] ?? '';
  }
}
