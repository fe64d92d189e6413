import { hash } from 'node:crypto';
import { isDecided, undecidedCodes } from '@prorata/quota-model';
import type { Actor, CommandMessage, CommandOutcome } from '@prorata/schemas';
import type { WriterCode } from '../outcomeCodes.ts';
import { eventIdOf } from './eventId.ts';
import { bytesOfFirst, DIGEST_BYTES, firstOfBytes } from './firstOutcome.ts';
import type { FirstOutcome } from './firstOutcome.ts';
import { PackedPage } from './packedPage.ts';

/** How long a command id names its command, microseconds: DESIGN's law of one decision. */
export const RECENT_MICROS = 24n * 3_600n * 1_000_000n;
/**
 * Commands remembered in a partition, at 150 bytes each at most (a test measures it; a refusal takes its
 * violations beside that, a proposal its message): 225 MB. One that decides more in 24 hours (17 a second, sustained) refuses
 * new commands: forgetting early would decide a repetition twice.
 */
export const RECENT_MAX = 1_500_000;
/**
 * Of these, the last tenth is no robot's, in percent: robots that sent all that a day may hold would close
 * the door to a person's override.
 */
const ROBOTS_PERCENT = 90;
/**
 * What is over goes in stretches of this length, so that order does not matter, microseconds. Each look
 * asks every stretch: shorter ones would forget sooner after the day and cost more looks.
 */
export const STRETCH_MICROS = 30n * 60n * 1_000_000n;

// A refusal that has another name by now would be taken for a decision.
undecidedCodes satisfies readonly WriterCode[];

/** (principal, stream, command id), digested: the same id of another sender is another command. */
export function commandKey(actor: Actor, stream: string, commandId: string): string {
  const parts = [actor.kind, actor.issuer, actor.subject, stream, commandId];
  return hash('sha256', JSON.stringify(parts), 'binary').slice(0, DIGEST_BYTES);
}

/** The commands decided within the last 24 hours. Only time given from outside moves it. */
export class RecentCommands {
  /** By the stretch of time in which they were first kept; the last of each is being filled. */
  readonly #stretches = new Map<bigint, PackedPage[]>();
  readonly #max: number;
  #size = 0;

  constructor(max = RECENT_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Memory held. */
  get bytes(): number {
    return this.#pages().reduce((sum, page) => sum + page.bytes, 0);
  }

  /** Whether no more commands of such an actor can be remembered, and so none can be decided. */
  isFullFor(kind: Actor['kind']): boolean {
    const most = kind === 'robot' ? Math.floor((this.#max * ROBOTS_PERCENT) / 100) : this.#max;
    return this.#size >= most;
  }

  /** The first outcome, if it is not older than the window at `now`. */
  find(key: string, now: bigint): FirstOutcome | null {
    for (const pages of this.#stretches.values()) {
      for (const page of pages) {
        const bytes = page.find(key);
        if (bytes === null) continue;
        const first = firstOfBytes(bytes);
        return now - first.keptSince >= RECENT_MICROS ? null : first;
      }
    }
    return null;
  }

  /**
   * Keeps a first outcome, in place of one that was over when this was decided; nothing else.
   * @param now the writer's time, microseconds: a stream whose time lies ahead is not kept for longer
   */
  remember(outcome: CommandOutcome, now: bigint): void {
    if (outcome.firstOffset !== null || outcome.actor === null) return;
    if (!isDecided(outcome)) return;
    const key = commandKey(outcome.actor, outcome.stream, outcome.commandId);
    const first = firstOf(outcome, outcome.decidedAt < now ? outcome.decidedAt : now);
    this.#remove(key);
    this.#pageFor(first.keptSince / STRETCH_MICROS).add(key, bytesOfFirst(first));
    this.#size++;
  }

  /** Lets go of stretches that are over as a whole. @param now the writer's own time, microseconds */
  forget(now: bigint): void {
    for (const [stretch, pages] of this.#stretches) {
      if (now - (stretch + 1n) * STRETCH_MICROS < RECENT_MICROS) continue;
      this.#stretches.delete(stretch);
      for (const page of pages) this.#size -= page.live;
    }
  }

  #remove(key: string): void {
    for (const pages of this.#stretches.values())
      for (const page of pages) if (page.remove(key)) this.#size--;
  }

  #pages(): PackedPage[] {
    return [...this.#stretches.values()].flat();
  }

  #pageFor(stretch: bigint): PackedPage {
    const pages = this.#stretches.get(stretch) ?? [];
    this.#stretches.set(stretch, pages);
    const last = pages.at(-1);
    if (last !== undefined && !last.isFull) return last;
    const fresh = new PackedPage();
    pages.push(fresh);
    return fresh;
  }
}

/** Whether the command is the one that was decided, and not another under its id. */
export function isSameBody(first: FirstOutcome, bodyHash: Buffer): boolean {
  return first.body === bodyHash.toString('latin1', 0, DIGEST_BYTES);
}

/** The first outcome again, for the same command at another offset. */
export function outcomeAgain(
  first: FirstOutcome,
  command: CommandMessage,
  bodyHash: Buffer,
  commandOffset: bigint,
): CommandOutcome {
  const { commandId, stream, actor, dryRun, reason } = command.value.envelope;
  const { streamVersion, quotaId, quotaVersion, result, decidedAt, status, words } = first;
  return {
    commandId,
    commandType: command.type,
    stream,
    actor,
    bodyHash,
    commandOffset,
    firstOffset: first.commandOffset,
    status,
    ...(words ?? { code: 'ACCEPTED', message: '', violations: [] }),
    dryRun,
    streamVersion,
    quotaId,
    quotaVersion,
    eventIds: Array.from({ length: first.events }, (_, index) =>
      eventIdOf(stream, streamVersion - BigInt(first.events - 1 - index)),
    ),
    result,
    decidedAt,
    preview: [],
    declared: [],
    oversubscription: [],
    previewOmitted: 0,
    reason,
  };
}

function firstOf(outcome: CommandOutcome, keptSince: bigint): FirstOutcome {
  const { commandOffset, decidedAt, streamVersion, quotaId, quotaVersion, result } = outcome;
  const { status, code, message, violations } = outcome;
  return {
    body: Buffer.from(outcome.bodyHash).toString('latin1', 0, DIGEST_BYTES),
    commandOffset,
    decidedAt,
    keptSince,
    streamVersion,
    events: outcome.eventIds.length,
    quotaId,
    quotaVersion,
    result,
    status,
    words: code === 'ACCEPTED' ? null : { code, message, violations },
  };
}
