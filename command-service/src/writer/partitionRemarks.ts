import type { PartitionState } from './partitionState.ts';

/** A dead letter is spoken of for so long, microseconds: somebody looks within it, or asks the metrics. */
export const DEAD_LETTERS_SHOWN_MICROS = 600_000_000n;

interface DeadLetters {
  readonly count: number;
  readonly lastOffset: bigint;
  readonly lastAt: bigint;
}

/**
 * What a partition that serves has to say for itself: it takes part of what is sent, and whoever looks
 * at readiness should know which part. None of it makes the process unready: another could do no better.
 */
export class PartitionRemarks {
  readonly #quotasMax: number;
  #deadLetters: DeadLetters | null = null;
  #full: string[] = [];

  constructor(quotasMax: number) {
    this.#quotasMax = quotasMax;
  }

  /** @returns what has been reached since the last look, for the log */
  sawState(state: Pick<PartitionState, 'quotas' | 'recent'>): string[] {
    const before = this.#full;
    this.#full = [];
    if (state.quotas >= this.#quotasMax)
      this.#full.push(`full: as many quotas as it may hold, ${this.#quotasMax}`);
    const whose = state.recent.isFullFor('user') ? '' : ' of robots';
    if (state.recent.isFullFor('robot'))
      this.#full.push(`full: as many commands${whose} within 24 hours as it can remember`);
    return this.#full.filter((each) => !before.includes(each));
  }

  /** @param offsets of commands that went to the dead-letter topic; @param now microseconds */
  sawDeadLetters(offsets: readonly bigint[], now: bigint): void {
    const lastOffset = offsets.at(-1);
    if (lastOffset === undefined) return;
    const count = this.#shown(now)?.count ?? 0;
    this.#deadLetters = { count: count + offsets.length, lastOffset, lastAt: now };
  }

  /** In words, one after another; empty: nothing is unusual. */
  texts(now: bigint): string[] {
    const shown = this.#shown(now);
    if (shown === null) return this.#full;
    const { count, lastOffset } = shown;
    return [...this.#full, `dead letters: ${count} lately, the last is command ${lastOffset}`];
  }

  #shown(now: bigint): DeadLetters | null {
    const letters = this.#deadLetters;
    return letters === null || now - letters.lastAt > DEAD_LETTERS_SHOWN_MICROS ? null : letters;
  }
}
