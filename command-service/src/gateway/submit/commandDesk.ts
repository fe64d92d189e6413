import { setImmediate as nextTurn } from 'node:timers/promises';
import { LogUnavailable, partitionOf, PublishQueueFull } from '@prorata/kafka-port';
import type { OutRecord, Publisher } from '@prorata/kafka-port';
import { UnwritableRecord } from '@prorata/schemas';
import type { Attestation, Codec, CommandMessage, CommandOutcome } from '@prorata/schemas';
import type { Principal } from '@prorata/service-runtime';
import type { Clock } from '../../clock.ts';
import type { SignCommand } from '../../signature/commandSigner.ts';
import { bodyHash } from '../../writer/bodyHash.ts';
import { buildCommand } from './buildCommand.ts';
import type { CommandRequest } from './buildCommand.ts';
import type { DeskObserver, ObservedCommand } from './deskObserver.ts';
import type { Lanes, Leave } from './lanes.ts';
import type { Awaited, OutcomeBook } from './outcomeBook.ts';
import { TooManyWaiting } from './outcomeBook.ts';
import { SubmissionRefused } from './submissionRefused.ts';
import type { Submitted } from './submitted.ts';

/** A command's record; far under what an append takes, so that every one can be decided, bytes. */
const COMMAND_BYTES_MAX = 200_000;
/** What a caller waits for an outcome before it is told where to look, milliseconds. */
export const OUTCOME_TIMEOUT_MS = 10_000;
/** Commands of one batch: a page of work, decided within seconds. */
export const BATCH_COMMANDS_MAX = 500;
/** So many of a batch are made ready in one go, some milliseconds, before others have their turn. */
const BATCH_SLICE = 25;
/**
 * Questions to one validator at once that are one principal's: half of what it is asked, so that a place
 * is free for others however slow it is. A batch asks no more, so that none waits for its own batch.
 */
export const PRINCIPAL_ASKED_AT_ONCE_MAX = 8;
/**
 * When a batch is answered with what is known, milliseconds: whoever hears nothing for a minute is cut
 * off, and a batch of which each command waits for a validator takes many minutes. The rest goes on.
 */
const BATCH_ANSWER_MS = 40_000;
/** How long the first of a batch wait for the others, to be written with them, milliseconds; validators take longer. */
const BATCH_TOGETHER_MS = 250;
const RETRY_AFTER_S = 1;

export interface CommandDeskParts {
  readonly codec: Pick<Codec, 'encode'>;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly sign: SignCommand;
  /** Full name of quota.commands. */
  readonly topic: string;
  readonly partitions: number;
  readonly book: OutcomeBook;
  readonly clock: Clock;
  readonly outcomeTimeoutMs: number;
  readonly observer: DeskObserver;
  readonly lanes: Lanes;
  readonly validators: AsksValidators;
}

/** Who asks remote validators about a command, before it is written. */
export interface AsksValidators {
  /** Silence is an answer too. @throws SubmissionRefused when there is no place for the question */
  attest(command: CommandMessage): Promise<readonly Attestation[]>;
  /** What became of it may say that what is known of the application is outdated. */
  decided(command: CommandMessage, outcome: CommandOutcome): void;
}

/** Calls the listener when the caller has gone: its place is free then, and the command goes on. */
export type WhenGone = (listener: () => void) => void;

const toTheEnd: WhenGone = () => undefined;

/** What sends a command that is ready, or says why it is not sent; never rejects. */
type Sendable = () => Promise<Submitted | SubmissionRefused>;

interface Prepared {
  readonly command: CommandMessage;
  readonly record: OutRecord;
  readonly principal: Principal;
}

/** Takes commands in, whatever interface they come by: builds, signs, writes, and waits for outcomes. */
export class CommandDesk {
  readonly #parts: CommandDeskParts;
  /** What ends the wait for a validator. */
  readonly #asking = new Set<() => void>();
  #isEnding = false;

  constructor(parts: CommandDeskParts) {
    this.#parts = parts;
  }

  /** @throws SubmissionRefused when the command is not taken, or not known to be */
  async submit(request: CommandRequest, whenGone: WhenGone): Promise<Submitted> {
    const observed = this.#parts.observer.began(request.commandId, request.traceparent);
    let leave: Leave | null = null;
    try {
      leave = this.#parts.lanes.enter(request.principal, 1);
      const prepared = await this.#prepare(request, observed);
      return await this.#send(prepared, observed, whenGone);
    } catch (error) {
      observed.failed(error);
      throw error;
    } finally {
      leave?.();
    }
  }

  /**
   * Each for itself, and written in the order given: what one is refused for harms no other. What is not
   * known after BATCH_ANSWER_MS goes on, and is answered as unknown.
   * @param requests of one principal, one at least and at most BATCH_COMMANDS_MAX
   * @throws SubmissionRefused when the principal has too much under way for any of them
   */
  async submitAll(
    requests: readonly CommandRequest[],
    whenGone: WhenGone,
  ): Promise<readonly (Submitted | SubmissionRefused)[]> {
    const [first] = requests;
    if (first === undefined) return [];
    const leave = this.#parts.lanes.enter(first.principal, requests.length);
    const answers = requests.map(() => Promise.withResolvers<Submitted | SubmissionRefused>());
    const late = Promise.withResolvers<null>();
    let isAnswered = false;
    const whileUnanswered: WhenGone = (listener) => {
      whenGone(() => {
        if (!isAnswered) listener();
      });
    };
    this.#sendInOrder(requests, whileUnanswered, (at, sent) => {
      answers[at]?.resolve(sent.finally(leave));
    }).catch((error: unknown) => {
      for (const { reject } of answers) reject(error);
    });
    const stop = this.#parts.clock.after(BATCH_ANSWER_MS, () => late.resolve(null));
    try {
      return await Promise.all(
        answers.map(({ promise }, at) => {
          const unknown = { kind: 'unknown', commandId: requests[at]?.commandId ?? '' } as const;
          return Promise.race([promise, late.promise.then(() => unknown)]);
        }),
      );
    } finally {
      isAnswered = true;
      stop();
    }
  }

  /** @param sent is told of each as it is written; what it is given never rejects */
  async #sendInOrder(
    requests: readonly CommandRequest[],
    whenGone: WhenGone,
    sent: (at: number, submitted: Promise<Submitted | SubmissionRefused>) => void,
  ): Promise<void> {
    const ready = requests.map(() => Promise.withResolvers<Sendable>());
    const all = this.#prepareInOrder(requests, whenGone, (at, each) => ready[at]?.resolve(each));
    const slow = Promise.withResolvers<null>();
    const stop = this.#parts.clock.after(BATCH_TOGETHER_MS, () => slow.resolve(null));
    await Promise.race([all, slow.promise]).finally(stop);
    // Sending writes at once, so that the order in the log is the order of this loop.
    const inOrder = async (): Promise<void> => {
      for (const [index, { promise }] of ready.entries()) sent(index, (await promise)());
    };
    await Promise.all([all, inOrder()]);
  }

  async #prepareInOrder(
    requests: readonly CommandRequest[],
    whenGone: WhenGone,
    ready: (at: number, each: Promise<Sendable>) => void,
  ): Promise<void> {
    const preparing: Promise<Sendable>[] = [];
    for (const [index, request] of requests.entries()) {
      if (index % BATCH_SLICE === BATCH_SLICE - 1) await nextTurn();
      await preparing[index - PRINCIPAL_ASKED_AT_ONCE_MAX];
      const each = this.#prepareOneOfMany(request, whenGone);
      preparing.push(each);
      ready(index, each);
    }
    await Promise.all(preparing);
  }

  /**
   * Takes nothing more, and gives what is written `graceMs` before it is called unknown. What waits for a
   * validator is not taken either, whatever the answer will be, so its caller is told so at once.
   */
  async end(graceMs: number): Promise<void> {
    this.#isEnding = true;
    for (const stop of this.#asking) stop();
    await this.#parts.book.releaseAfter(graceMs);
  }

  /** Never rejects. */
  async #prepareOneOfMany(request: CommandRequest, whenGone: WhenGone): Promise<Sendable> {
    const observed = this.#parts.observer.began(request.commandId, request.traceparent);
    const refused = (error: unknown): SubmissionRefused => {
      observed.failed(error);
      if (error instanceof SubmissionRefused) return error;
      return new SubmissionRefused('INTERNAL', 'The gateway failed; its log says why.', {
        cause: error,
      });
    };
    try {
      const prepared = await this.#prepare(request, observed);
      return () => this.#send(prepared, observed, whenGone).catch(refused);
    } catch (error) {
      const answer = refused(error);
      return () => Promise.resolve(answer);
    }
  }

  async #prepare(request: CommandRequest, observed: ObservedCommand): Promise<Prepared> {
    this.#assertTaking();
    const built = buildCommand(request, this.#parts.clock.now());
    observed.understood(built);
    const command = withAttestations(built, await this.#attest(built));
    // A validator takes its time: what is written after the end finds nobody who waits for its outcome.
    this.#assertTaking();
    const { principal } = request;
    return { command, record: await this.#recordOf(command, observed), principal };
  }

  /** A validator may take longer than a gateway that ends has time. */
  async #attest(command: CommandMessage): Promise<readonly Attestation[]> {
    const ended = Promise.withResolvers<never>();
    const stop = (): void => ended.reject(shuttingDown());
    this.#asking.add(stop);
    try {
      return await Promise.race([this.#parts.validators.attest(command), ended.promise]);
    } finally {
      this.#asking.delete(stop);
    }
  }

  #assertTaking(): void {
    if (this.#isEnding) throw shuttingDown();
  }

  async #send(
    prepared: Prepared,
    observed: ObservedCommand,
    whenGone: WhenGone,
  ): Promise<Submitted> {
    const { principal, record } = prepared;
    const turn = this.#parts.lanes.turn(principal, record.partition, whenGone);
    // Whoever need not wait writes in this turn of the loop, so that the order of calls stays.
    if (turn === null) return this.#publish(prepared, observed, whenGone);
    const leave = await turn;
    // A robot that hangs up gives no place back: its command still goes through the log.
    return this.#publish(prepared, observed, toTheEnd).finally(leave);
  }

  async #publish(
    { command, record }: Prepared,
    observed: ObservedCommand,
    whenGone: WhenGone,
  ): Promise<Submitted> {
    const { commandId, stream, actor } = command.value.envelope;
    const awaited = this.#waitFor({ commandId, stream, actor, bodyHash: bodyHash(command) });
    whenGone(() => awaited.cancel());
    const published = this.#parts.publisher.publish([record]);
    const outcome = await outcomeOrFault(published, awaited, commandId);
    const submitted =
      outcome === null
        ? ({ kind: 'unknown', commandId } as const)
        : ({ kind: 'decided', outcome } as const);
    if (outcome !== null) this.#parts.validators.decided(command, outcome);
    observed.ended(submitted);
    return submitted;
  }

  /** The record as the gateway lets it in: encoded, signed, and in the partition of its stream. */
  async #recordOf(command: CommandMessage, observed: ObservedCommand): Promise<OutRecord> {
    const { topic, partitions, codec, sign } = this.#parts;
    const { stream, submittedAt } = command.value.envelope;
    const key = Buffer.from(stream);
    const value = await encode(command, codec);
    if (value.length > COMMAND_BYTES_MAX) {
      const detail = `It takes ${value.length} bytes, and ${COMMAND_BYTES_MAX} are let in.`;
      throw new SubmissionRefused('BODY_TOO_LARGE', detail);
    }
    const signature = await sign({ topic, key, value, signedAt: submittedAt });
    const headers = { ...observed.headers, ...signature };
    return { topic, partition: partitionOf(stream, partitions), key, value, headers };
  }

  #waitFor(command: Parameters<OutcomeBook['await']>[0]): Awaited {
    const { book, outcomeTimeoutMs } = this.#parts;
    try {
      return book.await(command, outcomeTimeoutMs);
    } catch (error) {
      if (error instanceof TooManyWaiting) throw unavailable('BUSY', error.message, error);
      throw error;
    }
  }
}

const shuttingDown = (): SubmissionRefused =>
  new SubmissionRefused('SHUTTING_DOWN', 'This gateway is about to end.', {
    retryAfterS: RETRY_AFTER_S,
  });

function withAttestations(
  command: CommandMessage,
  attestations: readonly Attestation[],
): CommandMessage {
  if (attestations.length === 0) return command;
  const envelope = { ...command.value.envelope, attestations };
  return { ...command, value: { ...command.value, envelope } } as CommandMessage;
}

/**
 * The outcome, or null at the deadline, also while the log still takes its time over the record: its
 * caller is told where to look, and asking again with the same id is safe.
 */
async function outcomeOrFault(
  published: Promise<void>,
  awaited: Awaited,
  commandId: string,
): Promise<CommandOutcome | null> {
  // Has a handler for as long as it lasts: after the deadline nobody else waits for it.
  const fault = new Promise<never>((_resolve, reject) => {
    published.catch((error: unknown) => reject(publishFault(error, commandId)));
  });
  try {
    return await Promise.race([awaited.outcome, fault]);
  } finally {
    awaited.cancel();
  }
}

async function encode(command: CommandMessage, codec: Pick<Codec, 'encode'>): Promise<Buffer> {
  try {
    return await codec.encode('quota.commands', command);
  } catch (error) {
    if (error instanceof UnwritableRecord) {
      const violations = error.paths.map((path) => ({
        path: `/data${path}`,
        message: 'does not fit',
      }));
      const detail = 'The command does not fit its schema.';
      throw new SubmissionRefused('INVALID_COMMAND', detail, { violations });
    }
    throw unavailable('REGISTRY_UNAVAILABLE', 'The schema registry did not answer.', error);
  }
}

function publishFault(error: unknown, commandId: string): Error {
  if (error instanceof PublishQueueFull) {
    return unavailable('BUSY', 'Too many commands wait to be written.', error);
  }
  if (error instanceof LogUnavailable) {
    const detail = `The log did not confirm command ${commandId}; send it again with the same id.`;
    return unavailable('LOG_UNAVAILABLE', detail, error);
  }
  return error instanceof Error ? error : new Error('The publisher failed.', { cause: error });
}

function unavailable(
  code: 'BUSY' | 'LOG_UNAVAILABLE' | 'REGISTRY_UNAVAILABLE',
  detail: string,
  cause: unknown,
): SubmissionRefused {
  return new SubmissionRefused(code, detail, { cause, retryAfterS: RETRY_AFTER_S });
}
