import { createHash } from 'node:crypto';
import type { CommandOutcome } from '@prorata/schemas';

/** The events of one command as they were found in the log. */
export interface AnsweredCommand {
  readonly commandOffset: bigint;
  readonly commandId: string;
  readonly stream: string;
  /** After the last of them. */
  readonly streamVersion: bigint;
  readonly eventIds: readonly string[];
}

export interface MissingEvents {
  readonly commandOffset: bigint;
  readonly stream: string;
  readonly streamVersion: bigint;
}

interface Entry {
  readonly digest: string;
  readonly stream: string;
  readonly streamVersion: bigint;
}

/**
 * What one partition's outcomes say about its events: which command became which. Memory: some 200
 * bytes for each accepted command that is still kept.
 */
export class OutcomeIndex {
  readonly #entries = new Map<bigint, Entry>();
  #first: bigint | null = null;
  #last: bigint | null = null;

  add(outcome: CommandOutcome): void {
    this.#first ??= outcome.commandOffset;
    this.#last = outcome.commandOffset;
    const isDecision = outcome.firstOffset === null && !outcome.dryRun;
    if (outcome.status !== 'accepted' || !isDecision || outcome.eventIds.length === 0) return;
    this.#entries.set(outcome.commandOffset, {
      digest: digestOf(outcome),
      stream: outcome.stream,
      streamVersion: outcome.streamVersion,
    });
  }

  /** Whether an outcome for this command would have been read: not yet deleted, not yet to come. */
  covers(commandOffset: bigint): boolean {
    return this.#first !== null && commandOffset >= this.#first && !this.isAhead(commandOffset);
  }

  isAhead(commandOffset: bigint): boolean {
    return this.#last !== null && commandOffset > this.#last;
  }

  /** @returns what is wrong, or null; each command can be asked for once. */
  check(command: AnsweredCommand): string | null {
    const entry = this.#entries.get(command.commandOffset);
    if (entry === undefined) {
      return `no accepted outcome answers its command (offset ${command.commandOffset})`;
    }
    this.#entries.delete(command.commandOffset);
    if (entry.digest === digestOf(command)) return null;
    return `the outcome of its command (offset ${command.commandOffset}) names other events`;
  }

  /** Outcomes whose events were not asked for: they are not in the log. */
  get missing(): readonly MissingEvents[] {
    return [...this.#entries].map(([commandOffset, { stream, streamVersion }]) => ({
      commandOffset,
      stream,
      streamVersion,
    }));
  }
}

function digestOf(command: Omit<AnsweredCommand, 'commandOffset'>): string {
  const { commandId, stream, streamVersion, eventIds } = command;
  return createHash('sha256')
    .update(JSON.stringify([commandId, stream, streamVersion.toString(), eventIds]))
    .digest('base64')
    .slice(0, 22);
}
