import { partitionOf } from '@prorata/kafka-port';
import { anchoredPartition, contentHash } from '@prorata/quota-model';
import { anchorSignedBytes, fullNameOf, UnreadableRecord } from '@prorata/schemas';
import type { Codec, EventEnvelope, EventMessage, HeadsAnchored, Message } from '@prorata/schemas';
import { AnchorCheck } from './anchorCheck.ts';
import type { Contradiction } from './anchorCheck.ts';
import type { AnchorKeys } from './anchorKeys.ts';
import type { RawRecord } from './auditSource.ts';
import { Chain } from './chain.ts';
import { Findings } from './finding.ts';
import type { BadEvent } from './finding.ts';
import type { KeptAnchors } from './keptAnchors.ts';
import { OutcomeIndex } from './outcomeIndex.ts';
import type { AnsweredCommand } from './outcomeIndex.ts';

export interface AuditScope {
  readonly codec: Codec;
  /** null when it is not known. */
  readonly partitions: number | null;
  /** The one stream looked at; null: all. */
  readonly stream: string | null;
  /** Kept apart from the log. */
  readonly anchors: KeptAnchors;
  /** null: the signatures of anchors are not looked at. */
  readonly keys: AnchorKeys | null;
}

interface CommandEvents extends AnsweredCommand {
  readonly eventIds: string[];
  readonly offset: bigint;
}

/**
 * One partition: its outcomes are handed over first, then its events, then the outcomes written
 * meanwhile, then `finish`.
 */
export class PartitionAudit {
  readonly #partition: number;
  readonly #scope: AuditScope;
  readonly #findings = new Findings();
  readonly #chain: Chain;
  readonly #anchorCheck: AnchorCheck;
  readonly #outcomes = new OutcomeIndex();
  /** Commands that were decided after the outcomes were read. */
  readonly #ahead: CommandEvents[] = [];
  #command: CommandEvents | null = null;
  #lastOffset = -1n;
  #events = 0;

  constructor(partition: number, scope: AuditScope) {
    this.#partition = partition;
    this.#scope = scope;
    this.#chain = new Chain(partition, this.#findings, scope.anchors);
    this.#anchorCheck = new AnchorCheck(scope.stream);
  }

  get events(): number {
    return this.#events;
  }

  get heads(): Chain['heads'] {
    return this.#chain.heads;
  }

  /** The anchors of the log, and what they leave open. */
  get anchored(): Pick<AnchorCheck, 'anchors' | 'events' | 'eventsSince' | 'lastAt'> {
    return this.#anchorCheck;
  }

  get first(): BadEvent | null {
    return this.#findings.first;
  }

  get isAhead(): boolean {
    return this.#ahead.some(({ commandOffset }) => this.#outcomes.isAhead(commandOffset));
  }

  async outcome({ value, offset, damage }: RawRecord): Promise<void> {
    const message = await this.#decode(value);
    const outcome =
      !(message instanceof UnreadableRecord) && message.type === 'CommandOutcome'
        ? message.value
        : null;
    if (outcome !== null && !this.#isInScope(outcome.stream)) return;
    const problem = outcome === null ? 'the outcome cannot be read' : damage;
    // Of a damaged outcome nothing is believed, least of all about the events.
    if (outcome !== null && problem === null) this.#outcomes.add(outcome);
    if (problem === null) return;
    const stream = outcome?.stream ?? null;
    const place = { topic: 'quota.outcomes', partition: this.#partition, offset, stream } as const;
    this.#findings.add({ ...place, streamVersion: outcome?.streamVersion ?? null, problem });
  }

  async event(record: RawRecord): Promise<void> {
    const key = record.key?.toString('utf8') ?? '';
    const message = await this.#decode(record.value);
    const event = message instanceof UnreadableRecord || !isEvent(message) ? null : message;
    if (!this.#isInScope(event?.value.envelope.stream ?? key) && !this.#isInScope(key)) {
      if (event?.type === 'HeadsAnchored') await this.#checkAnchor(record, event.value);
      return;
    }
    this.#events += 1;
    if (event === null) {
      const why = message instanceof UnreadableRecord ? message.message : 'It is no event.';
      this.#chain.breakAt(key, record.offset, `it cannot be read: ${why}`);
    } else {
      await this.#take(record, key, event);
    }
    // Only now: where the chain tells what is wrong, its word counts.
    if (record.damage === null) return;
    const [stream, streamVersion] =
      event === null
        ? [key, null]
        : [event.value.envelope.stream, event.value.envelope.streamVersion];
    const place = { topic: 'quota.events', partition: this.#partition } as const;
    const { offset, damage: problem } = record;
    this.#findings.add({ ...place, offset, stream, streamVersion, problem });
  }

  finish(): void {
    this.#closeCommand();
    for (const command of this.#ahead) this.#checkCommand(command);
    this.#chain.finish();
    for (const { stream, streamVersion, commandOffset } of this.#outcomes.missing) {
      const problem = `the events of the command at offset ${commandOffset}, which its outcome names, are not in the log`;
      const place = { topic: 'quota.events', partition: this.#partition, offset: null } as const;
      this.#findings.add({ ...place, stream, streamVersion, problem }, 'comparison');
    }
  }

  async #take(record: RawRecord, key: string, event: EventMessage): Promise<void> {
    const { offset, value } = record;
    const { envelope } = event.value;
    const problem = this.#placeProblem(offset, key, event) ?? contentProblem(event);
    if (problem !== null) this.#findings.add({ ...this.#placeOf(offset, envelope), problem });
    const hash = (await this.#scope.codec.hash(value)).toString('hex');
    const holds = this.#chain.take({ offset, envelope, hash });
    if (!holds) return;
    this.#collect(offset, envelope);
    if (event.type === 'HeadsAnchored') await this.#checkAnchor(record, event.value);
    else this.#anchorCheck.wentOn(envelope.stream, envelope.streamVersion, hash);
  }

  /** Where the chain has found something, roots would only say so again. */
  async #checkAnchor({ offset, value }: RawRecord, anchor: HeadsAnchored): Promise<void> {
    const { keys } = this.#scope;
    const place = this.#placeOf(offset, anchor.envelope);
    if (keys !== null) {
      const written = await this.#scope.codec.asWritten(value);
      const bytes = anchorSignedBytes(written.value as object, written.schema);
      const problem = keys.problemOf(anchor.keyId, bytes, anchor.signature);
      if (problem !== null) this.#findings.add({ ...place, problem });
    }
    if (!this.#chain.isWhole) return;
    const found = this.#anchorCheck.check(anchor, offset, this.#chain.heads);
    if (found !== null) this.#contradicted(found, place);
  }

  #contradicted(found: Contradiction, anchor: Omit<BadEvent, 'problem'>): void {
    if (found.stream === null) this.#findings.add({ ...anchor, problem: found.problem });
    else this.#chain.contradicted(found.stream, found, found.problem);
  }

  #placeProblem(offset: bigint, key: string, { type, value }: EventMessage): string | null {
    const { envelope } = value;
    const previous = this.#lastOffset;
    this.#lastOffset = offset;
    if (offset <= previous) return `it stands after offset ${previous}`;
    if (key !== envelope.stream) return `its key is ${key}, and its stream another`;
    const home = this.#homeOf(envelope.stream);
    if (home !== null && home !== this.#partition) return 'its stream belongs to another partition';
    const isAnchor = anchoredPartition(envelope.stream) !== null;
    if (isAnchor !== (type === 'HeadsAnchored')) return 'its stream is not for events of its type';
    const isAnswer = envelope.commandId !== null && envelope.commandOffset !== null;
    if (envelope.cause === 'command' && !isAnswer) return 'it names no command';
    if (envelope.cause === 'timer' && (isAnswer || envelope.timer === null)) {
      return 'it names no timer';
    }
    return null;
  }

  /** null: a copy does not say how many partitions there are. */
  #homeOf(stream: string): number | null {
    const { partitions } = this.#scope;
    return (
      anchoredPartition(stream) ?? (partitions === null ? null : partitionOf(stream, partitions))
    );
  }

  /** Gathers the events of one command, which stand together. */
  #collect(offset: bigint, envelope: EventEnvelope): void {
    const { commandOffset, commandId, stream, streamVersion, eventId } = envelope;
    if (commandOffset === null || commandId === null) return;
    const current = this.#command;
    const isSame =
      current?.commandOffset === commandOffset &&
      current.commandId === commandId &&
      current.stream === stream;
    if (!isSame) this.#closeCommand();
    const eventIds = isSame ? [...current.eventIds, eventId] : [eventId];
    const first = isSame ? current.offset : offset;
    this.#command = { commandOffset, commandId, stream, streamVersion, eventIds, offset: first };
  }

  #closeCommand(): void {
    const command = this.#command;
    this.#command = null;
    if (command === null) return;
    if (this.#outcomes.isAhead(command.commandOffset)) this.#ahead.push(command);
    else this.#checkCommand(command);
  }

  #checkCommand(command: CommandEvents): void {
    const { commandOffset, offset, stream, streamVersion } = command;
    const isKept = this.#outcomes.covers(commandOffset) || this.#outcomes.isAhead(commandOffset);
    const problem = isKept ? this.#outcomes.check(command) : null;
    if (problem === null) return;
    const place = { topic: 'quota.events', partition: this.#partition, offset } as const;
    this.#findings.add({ ...place, stream, streamVersion, problem }, 'comparison');
  }

  #placeOf(offset: bigint, { stream, streamVersion }: EventEnvelope): Omit<BadEvent, 'problem'> {
    const topic = 'quota.events';
    return { topic, partition: this.#partition, offset, stream, streamVersion };
  }

  #isInScope(stream: string): boolean {
    return this.#scope.stream === null || this.#scope.stream === stream;
  }

  async #decode(value: Buffer | null): Promise<Message | UnreadableRecord> {
    try {
      return await this.#scope.codec.decode(value);
    } catch (error) {
      if (error instanceof UnreadableRecord) return error;
      throw error;
    }
  }
}

/** A restored version is checked against its event's hash: a wrong one would refuse the right content. */
function contentProblem({ value }: EventMessage): string | null {
  if (!('content' in value) || !('contentHash' in value) || value.contentHash === null) return null;
  if (contentHash(value.content) === value.contentHash) return null;
  return 'its contentHash is not the hash of the content that it carries';
}

function isEvent(message: Message): message is EventMessage {
  return fullNameOf[message.type].startsWith('io.prorata.event.');
}
