/** Texts remembered: hosts, boots and quotas of one process; when there are more, it begins anew. */
const TEXTS_MAX = 20_000;
/** Longer texts are looked at each time, so that whoever makes them up gets no more memory for it. */
const LENGTH_MAX = 160;

/** What holds of a text alone, remembered: hosts send the same few texts again and again. */
export class SameTexts {
  readonly #rule: (text: string) => boolean;
  readonly #held = new Set<string>();

  /** @param rule of the text alone, with no state of its own */
  constructor(rule: (text: string) => boolean) {
    this.#rule = rule;
  }

  holds(text: string): boolean {
    if (this.#held.has(text)) return true;
    if (!this.#rule(text)) return false;
    if (text.length > LENGTH_MAX) return true;
    if (this.#held.size >= TEXTS_MAX) this.#held.clear();
    this.#held.add(text);
    return true;
  }
}
