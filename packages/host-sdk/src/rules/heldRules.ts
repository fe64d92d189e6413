import { RuleSetChecksum } from './ruleSetChecksum.ts';

/** What came of a set is not what the relay says that it has. */
export class RuleSetDiffers extends Error {
  override readonly name = 'RuleSetDiffers';
}

/**
 * The relay's set of rules as far as it came here: what tells whether something was lost on the way, and from where
 * to go on after a connection breaks.
 */
export class HeldRules {
  readonly #checksum = new RuleSetChecksum();
  /** Whether a whole set came while the relay was in contact with the log: what it lacks is gone from the host. */
  #isWhole = false;
  #cursor: string | null = null;

  /** From where changes are enough; null: the whole set is needed. */
  get since(): string | null {
    return this.#cursor;
  }

  /** A whole set follows. */
  begin(isWhole: boolean): void {
    this.#checksum.clear();
    this.#isWhole = isWhole;
    this.#cursor = null;
  }

  /** @param json the rule as it came */
  put(json: unknown): void {
    const quotaId = (json as { quotaId?: unknown } | null)?.quotaId;
    if (typeof quotaId === 'string') this.#checksum.put(quotaId, JSON.stringify(json));
  }

  remove(quotaId: string): void {
    this.#checksum.remove(quotaId);
  }

  /**
   * @param said `cursor`, `count` and `checksum` of the relay at this place; what lacks them says nothing
   * @throws RuleSetDiffers, and the whole set is needed
   */
  verify(said: Readonly<Record<string, unknown>>): void {
    const { cursor, count, checksum } = said;
    if (typeof cursor !== 'string' || typeof checksum !== 'string') return;
    const [size, sum] = [this.#checksum.size, this.#checksum.toString()];
    if (size === count && sum === checksum) {
      this.#cursor = this.#isWhole ? cursor : null;
      return;
    }
    this.begin(false);
    throw new RuleSetDiffers(
      `The relay has ${String(count)} rules (${checksum.slice(0, 8)}…), and ${size} (${sum.slice(0, 8)}…) came.`,
    );
  }
}
