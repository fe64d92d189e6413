import { randomUUID } from 'node:crypto';

/** Changes kept for who comes back; whoever lacks more gets the whole set, which then is hardly larger. */
const KEPT_MAX = 10_000;

/** A quota whose rule came, changed or went. */
export interface LoggedChange {
  readonly quotaId: string;
  /** The event up to which its rule is gone; null: it has one. */
  readonly goneTo: bigint | null;
}

/**
 * The latest changes of one feed, in the order in which it learned of them. Offsets of events would not do: a rule
 * that a relay writes late has an older one than others that came before it.
 */
export class ChangeLog {
  /** Another feed of the same application, in another process or a later life, has seen them in another order. */
  readonly #id = randomUUID();
  readonly #changes: LoggedChange[] = [];
  #dropped = 0;

  /** What a client has that knows every change up to now. */
  get cursor(): string {
    return `${this.#id}.${this.#dropped + this.#changes.length}`;
  }

  add(quotaId: string, goneTo: bigint | null): void {
    this.#changes.push({ quotaId, goneTo });
    if (this.#changes.length < 2 * KEPT_MAX) return;
    this.#changes.splice(0, KEPT_MAX);
    this.#dropped += KEPT_MAX;
  }

  /** By quota, the last of each; null: the cursor is none of this feed's, or too old. */
  after(cursor: string): ReadonlyMap<string, LoggedChange> | null {
    const [id, count = ''] = cursor.split('.');
    if (id !== this.#id || !/^\d{1,15}$/.test(count)) return null;
    const at = Number(count) - this.#dropped;
    if (at < 0 || at > this.#changes.length) return null;
    return new Map(this.#changes.slice(at).map((change) => [change.quotaId, change]));
  }
}
