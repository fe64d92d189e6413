import { setTimeout as delay } from 'node:timers/promises';
import type { LogRecord } from '@prorata/kafka-port';
import { isDecided } from '@prorata/quota-model';
import type { Codec, CommandOutcome } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import { commandKey } from '../../writer/recentCommands.ts';

/** Callers that wait at once; beyond it a gateway would only queue timeouts. */
const WAITING_MAX = 20_000;
/** Outcomes kept for whoever asks a little later, all ids together: some 20 MB. */
export const RECENT_MAX = 20_000;
/** Of one id: it has a single outcome unless streams or principals share it, or bodies are tried under it. */
export const RECENT_PER_ID_MAX = 8;

/** Between two looks at whether somebody still waits, at the end of a gateway, milliseconds. */
const RELEASE_LOOK_MS = 10;
/** What a command that a gateway lets through after that (a robot's, in its turn) waits at most, milliseconds. */
const LATE_WAIT_MS_MAX = 1_000;

/** The gateway holds as many callers as it can. */
export class TooManyWaiting extends Error {
  override readonly name = 'TooManyWaiting';
}

export interface Awaited {
  /** Resolves with the outcome, or null at the deadline. */
  readonly outcome: Promise<CommandOutcome | null>;
  cancel(): void;
}

/**
 * Outcomes as they pass, handed to whoever waits for them. A command is its principal, stream, id
 * and body: the same id with another body waits for its own refusal, not for the first outcome.
 */
export class OutcomeBook {
  readonly #codec: Pick<Codec, 'decode'>;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Set<(outcome: CommandOutcome | null) => void>>();
  readonly #recent = new Map<string, CommandOutcome[]>();
  /** Goes on where the last one was forgotten: one made anew would pass over all that a full book has forgotten. */
  #oldest = this.#recent.keys();
  #waiters = 0;
  #isReleased = false;
  #kept = 0;

  constructor(codec: Pick<Codec, 'decode'>, logger: Logger) {
    this.#codec = codec;
    this.#logger = logger;
  }

  get waiting(): number {
    return this.#waiters;
  }

  async onRecord(record: LogRecord): Promise<void> {
    try {
      const message = await this.#codec.decode(record.value);
      if (message.type === 'CommandOutcome') this.#took(message.value);
    } catch (error) {
      // Its caller learns "not known yet" and asks the projector; all others are served.
      const { topic, partition, offset } = record;
      this.#logger.error({ err: error, topic, partition, offset }, 'an outcome cannot be read');
    }
  }

  /** To be called before the command is published. @throws TooManyWaiting */
  await(
    command: Pick<CommandOutcome, 'stream' | 'commandId' | 'bodyHash'> & {
      readonly actor: NonNullable<CommandOutcome['actor']>;
    },
    timeoutMs: number,
  ): Awaited {
    if (this.#waiters >= WAITING_MAX) throw new TooManyWaiting(`${this.#waiters} callers wait.`);
    const key = waitingKey(command.actor, command);
    const { promise, resolve } = Promise.withResolvers<CommandOutcome | null>();
    const listeners = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, listeners.add(resolve));
    this.#waiters++;
    const cancel = (): void => {
      clearTimeout(timer);
      if (!listeners.delete(resolve)) return;
      this.#waiters--;
      if (listeners.size === 0 && this.#waiting.get(key) === listeners) this.#waiting.delete(key);
      resolve(null);
    };
    const limitMs = this.#isReleased ? Math.min(timeoutMs, LATE_WAIT_MS_MAX) : timeoutMs;
    const timer = setTimeout(cancel, limitMs);
    return { outcome: promise.finally(cancel), cancel };
  }

  /** Resolves when nobody waits any more; whoever still does after `graceMs` is told: not known yet. */
  async releaseAfter(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs;
    while (this.#waiters > 0 && performance.now() < endMs) await delay(RELEASE_LOOK_MS);
    this.#isReleased = true;
    for (const listeners of [...this.#waiting.values()]) {
      for (const listener of [...listeners]) listener(null);
    }
  }

  /** Outcomes kept at the moment. */
  get kept(): number {
    return this.#kept;
  }

  /** Recent outcomes of a command id, of whatever stream and principal, the first that passed first. */
  find(commandId: string): readonly CommandOutcome[] {
    return this.#recent.get(commandId) ?? [];
  }

  #took(outcome: CommandOutcome): void {
    if (outcome.actor === null) return;
    const listeners = this.#waiting.get(waitingKey(outcome.actor, outcome));
    for (const listener of listeners ?? []) listener(outcome);
    this.#keep(outcome);
  }

  #keep(outcome: CommandOutcome): void {
    const ofId = this.#recent.get(outcome.commandId) ?? [];
    const same = ofId.findIndex((each) => isSame(each, outcome));
    const former = ofId[same];
    if (former !== undefined) {
      // A copy that comes too late is turned away, and takes no decision back.
      if (isDecided(outcome) || !isDecided(former)) ofId[same] = outcome;
      return;
    }
    if (ofId.length >= RECENT_PER_ID_MAX) {
      // The first decisions stay: what comes under a used id is mostly the refusal of another body.
      const given = isDecided(outcome) ? ofId.findIndex((each) => !isDecided(each)) : -1;
      if (given >= 0) ofId[given] = outcome;
      return;
    }
    ofId.push(outcome);
    this.#recent.set(outcome.commandId, ofId);
    this.#kept++;
    if (this.#kept > RECENT_MAX) this.#forgetOldest();
  }

  #forgetOldest(): void {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#recent.keys();
      next = this.#oldest.next();
    }
    if (next.done === true) return;
    this.#kept -= this.#recent.get(next.value)?.length ?? 0;
    this.#recent.delete(next.value);
  }
}

function waitingKey(
  actor: NonNullable<CommandOutcome['actor']>,
  { stream, commandId, bodyHash }: Pick<CommandOutcome, 'stream' | 'commandId' | 'bodyHash'>,
): string {
  return `${Buffer.from(bodyHash).toString('base64')} ${commandKey(actor, stream, commandId)}`;
}

/** A later outcome of the same command (its repetition) replaces the former. */
function isSame(one: CommandOutcome, other: CommandOutcome): boolean {
  return (
    one.stream === other.stream &&
    one.actor?.kind === other.actor?.kind &&
    one.actor?.subject === other.actor?.subject &&
    one.actor?.issuer === other.actor?.issuer &&
    Buffer.compare(one.bodyHash, other.bodyHash) === 0
  );
}
