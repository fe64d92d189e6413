import type { Actor, CommandOutcome } from '@prorata/schemas';

/** How long a command id names its command, microseconds: DESIGN's law of one decision. */
export const RECENT_MICROS = 24n * 3_600n * 1_000_000n;
/**
 * Outcomes remembered in a partition, about 1 kB each. One that decides more in 24 hours (6 a second,
 * sustained) forgets the oldest early, and `forgottenEarly` says how many.
 */
export const RECENT_MAX = 500_000;

/** (principal, stream, command id): the same id of another sender is another command. */
export function commandKey(actor: Actor, stream: string, commandId: string): string {
  return JSON.stringify([actor.kind, actor.issuer, actor.subject, stream, commandId]);
}

/**
 * The first outcome of every command of the last 24 hours. Only time given from outside moves it, so
 * that live and restored memory agree.
 */
export class RecentCommands {
  /** In the order of decision: the oldest is first. */
  readonly #outcomes = new Map<string, CommandOutcome>();
  readonly #max: number;
  forgottenEarly = 0;

  constructor(max = RECENT_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#outcomes.size;
  }

  /** The first outcome, if it is not older than the window at `now`. */
  find(key: string, now: bigint): CommandOutcome | null {
    const outcome = this.#outcomes.get(key);
    if (outcome === undefined || isOver(outcome, now)) return null;
    return outcome;
  }

  /** Keeps the outcome unless the command has one already; lets go what is over. */
  remember(outcome: CommandOutcome): void {
    if (!isFirst(outcome) || outcome.actor === null) return;
    const key = commandKey(outcome.actor, outcome.stream, outcome.commandId);
    if (this.find(key, outcome.decidedAt) !== null) return;
    // Deleted first, so that a command whose former life is over stands at the young end.
    this.#outcomes.delete(key);
    this.#outcomes.set(key, outcome);
    this.forget(outcome.decidedAt);
  }

  forget(now: bigint): void {
    for (const [key, outcome] of this.#outcomes) {
      const tooMany = this.#outcomes.size > this.#max;
      if (!tooMany && !isOver(outcome, now)) return;
      if (tooMany && !isOver(outcome, now)) this.forgottenEarly++;
      this.#outcomes.delete(key);
    }
  }
}

function isOver(outcome: CommandOutcome, now: bigint): boolean {
  return now - outcome.decidedAt >= RECENT_MICROS;
}

/** Neither a repetition nor an answer to something that never became a command of its sender. */
function isFirst(outcome: CommandOutcome): boolean {
  return outcome.firstOffset === null && outcome.code !== 'COMMAND_ID_REUSED';
}
