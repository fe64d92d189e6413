import type { LogRecord } from '@prorata/kafka-port';
import {
  anchoredPartition,
  anchorStreamOf,
  decide,
  decideTimer,
  dueTimes,
  evolve,
  stateToText,
} from '@prorata/quota-model';
import type { EventDraft, StreamState } from '@prorata/quota-model';
import { brokenRules } from '@prorata/quota-model/testing';
import { hashOf, HeadTree } from '@prorata/schemas';
import type {
  Codec,
  CommandMessage,
  CommandOutcome,
  EventMessage,
  HeadsAnchored,
} from '@prorata/schemas';
import { ANCHOR_TIMER } from '../anchor/anchorEvent.ts';
import { signatureHeaders } from '../signature/signedBytes.ts';
import { decisionTime } from '../writer/partitionState.ts';
import type { WriterTopics } from '../writer/writerTopics.ts';
import { plain } from './plainText.ts';

interface Head {
  readonly state: StreamState;
  readonly version: bigint;
  readonly hash: Buffer;
  readonly decidedAt: bigint;
}

/** What the log says of one partition, folded here and nowhere else. */
export interface WitnessedPartition {
  readonly commands: LogRecord[];
  readonly records: Map<string, LogRecord[]>;
  readonly heads: Map<string, Head>;
  /** First outcomes by principal, stream and command id, with the body that they answered. */
  readonly firsts: Map<string, { readonly outcome: CommandOutcome; readonly body: string }>;
  /** Streams that have gone on since an anchor named them, the anchors' own apart. */
  readonly unanchored: Set<string>;
  nextCommand: bigint;
}

const NO_PREDECESSOR = Buffer.alloc(32);

/** A writer looks at what is due tick by tick, and its append takes some steps, microseconds. */
const ANCHOR_UNDER_WAY = 5_000_000n;

/**
 * Watches every record as it comes to be in the log for good, and checks the writer's laws after
 * each transaction: one outcome a command, in order; a first outcome is what the model decides on the
 * state that the log alone gives, and a repetition says the same; nothing is decided in a stream at a
 * time by which something in it is over that has not ended; chains, times and sums hold.
 */
export class LogWitness {
  /** What is wrong, in the order in which it came about; empty: nothing. */
  readonly faults: string[] = [];
  readonly #codec: Codec;
  readonly #topics: WriterTopics;
  /** What may be due in a stream while its commands wait, and are not refused. */
  readonly #timersAwaitedMax: number;
  readonly #anchorMicros: bigint | null;
  readonly #partitions = new Map<number, WitnessedPartition>();
  readonly #events = new Map<string, EventMessage[]>();
  #last: Promise<void> = Promise.resolve();

  /** @param anchorMicros between two anchors of a partition; null: there are none */
  constructor(
    codec: Codec,
    topics: WriterTopics,
    timersAwaitedMax: number,
    anchorMicros: bigint | null,
  ) {
    this.#anchorMicros = anchorMicros;
    this.#codec = codec;
    this.#topics = topics;
    this.#timersAwaitedMax = timersAwaitedMax;
  }

  /** Resolves when everything seen so far is checked. */
  get settled(): Promise<void> {
    return this.#last;
  }

  saw(records: readonly LogRecord[]): void {
    this.#last = this.#last
      .then(() => this.#check(records))
      .catch((error: unknown) => void this.faults.push(String(error)));
  }

  partition(partition: number): WitnessedPartition {
    const known = this.#partitions.get(partition);
    if (known !== undefined) return known;
    const fresh = {
      commands: [],
      records: new Map<string, LogRecord[]>(),
      heads: new Map<string, Head>(),
      firsts: new Map<string, { outcome: CommandOutcome; body: string }>(),
      unanchored: new Set<string>(),
      nextCommand: 0n,
    };
    this.#partitions.set(partition, fresh);
    return fresh;
  }

  /** A stream as the log gives it so far. */
  streamOf(stream: string): {
    readonly state: StreamState | null;
    readonly events: EventMessage[];
  } {
    const heads = [...this.#partitions.values()].map((each) => each.heads.get(stream));
    const state = heads.find((head) => head !== undefined)?.state ?? null;
    return { state, events: this.#events.get(stream) ?? [] };
  }

  /** What should have come about by now and has not. @param now microseconds */
  omissions(now: bigint): string[] {
    const faults: string[] = [];
    for (const [partition, { commands, nextCommand, heads, unanchored }] of this.#partitions) {
      if (unanchored.size > 0 && this.#isAnchorLate(partition, now))
        faults.push(`partition ${partition} was not anchored`);
      for (const { offset } of commands.slice(Number(nextCommand)))
        faults.push(`command ${partition}:${offset} has no outcome`);
      for (const [stream, { state }] of heads) {
        for (const { timer, at } of dueTimes(state))
          if (at < now) faults.push(`${stream}: ${timer} was due and did not happen`);
      }
    }
    return faults;
  }

  #isAnchorLate(partition: number, now: bigint): boolean {
    if (this.#anchorMicros === null) return false;
    const last = this.partition(partition).heads.get(anchorStreamOf(partition));
    return last === undefined || last.decidedAt + this.#anchorMicros + ANCHOR_UNDER_WAY < now;
  }

  async #check(records: readonly LogRecord[]): Promise<void> {
    const { commands, events, outcomes } = this.#topics;
    const unanswered: EventMessage[] = [];
    const changed = new Set<string>();
    for (const record of records) {
      const witnessed = this.partition(record.partition);
      if (record.topic === commands) {
        witnessed.commands.push(record);
        continue;
      }
      const kept = witnessed.records.get(record.topic) ?? [];
      witnessed.records.set(record.topic, kept);
      kept.push(record);
      if (record.topic === events) {
        const event = (await this.#codec.decode(record.value)) as EventMessage;
        changed.add(event.value.envelope.stream);
        if (event.value.envelope.cause === 'command') unanswered.push(event);
        else if (event.type === 'HeadsAnchored') this.#anchored(witnessed, event);
        else this.#timerFired(witnessed, event);
      } else if (record.topic === outcomes) {
        const message = await this.#codec.decode(record.value);
        const answered = unanswered.splice(0);
        await this.#decided(witnessed, record, message.value as CommandOutcome, answered);
      }
    }
    if (unanswered.length > 0) this.faults.push('events without the outcome of their command');
    for (const stream of changed) this.#checkSums(records, stream);
  }

  #checkSums([record]: readonly LogRecord[], stream: string): void {
    const state = this.partition(record?.partition ?? 0).heads.get(stream)?.state;
    if (state?.kind === 'application') this.faults.push(...brokenRules(state));
  }

  /** The root is made anew of all heads; what is named is all that went on since. */
  #anchored(
    witnessed: WitnessedPartition,
    event: Extract<EventMessage, { type: 'HeadsAnchored' }>,
  ): void {
    const { envelope, root, streams, events, heads } = event.value;
    const place = `${envelope.stream} ${envelope.streamVersion}`;
    const tree = new HeadTree();
    let versions = 0n;
    for (const [stream, { version, hash }] of witnessed.heads) {
      if (anchoredPartition(stream) !== null) continue;
      tree.set({ stream, version, hash });
      versions += version;
    }
    if (envelope.timer !== ANCHOR_TIMER) this.faults.push(`${place}: it is no timer of anchors`);
    if (!tree.root().equals(root)) this.faults.push(`${place}: its root is not that of the heads`);
    if (streams !== BigInt(tree.size) || events !== versions)
      this.faults.push(`${place}: it counts ${streams} streams and ${events} events`);
    this.#namedHeads(witnessed, place, heads);
    this.#fold(witnessed, event);
  }

  #namedHeads(
    { heads, unanchored }: WitnessedPartition,
    place: string,
    named: HeadsAnchored['heads'],
  ): void {
    for (const { stream, streamVersion, hash } of named) {
      const head = heads.get(stream);
      if (head?.version !== streamVersion || !head.hash.equals(hash))
        this.faults.push(`${place}: it names another head of ${stream}`);
      if (!unanchored.delete(stream)) this.faults.push(`${place}: it names ${stream} once more`);
    }
    if (named.length === 0) this.faults.push(`${place}: it names nothing`);
    if (unanchored.size > 0) this.faults.push(`${place}: it does not name all that went on`);
  }

  #timerFired(witnessed: WitnessedPartition, event: EventMessage): void {
    const { stream, timer, decidedAt } = event.value.envelope;
    const head = witnessed.heads.get(stream);
    const due = head === undefined ? [] : dueTimes(head.state);
    const found = due.find((each) => each.timer === timer);
    if (head === undefined || found === undefined || found.at > decidedAt) {
      this.faults.push(`${stream}: ${timer ?? ''} happened and was not due`);
    } else {
      for (const before of liveTimers(head, found.at - 1n))
        this.faults.push(`${stream}: ${timer ?? ''} happened before ${before}`);
      const context = { now: decidedAt, streamVersion: head.version };
      this.#compare(`${stream} ${timer ?? ''}`, decideTimer(head.state, found, context), [event]);
    }
    this.#fold(witnessed, event);
  }

  async #decided(
    witnessed: WitnessedPartition,
    { partition }: LogRecord,
    outcome: CommandOutcome,
    events: readonly EventMessage[],
  ): Promise<void> {
    const { commandOffset } = outcome;
    const place = `command ${partition}:${commandOffset}`;
    if (commandOffset !== witnessed.nextCommand) {
      const what =
        commandOffset < witnessed.nextCommand ? 'a second outcome' : 'an outcome too soon';
      this.faults.push(`${place} has ${what}`);
    }
    if (commandOffset >= witnessed.nextCommand) witnessed.nextCommand = commandOffset + 1n;
    const record = witnessed.commands[Number(commandOffset)];
    const command = record === undefined ? null : await this.#trusted(record);
    if (command === null || typeof command === 'string') {
      const expected = command ?? 'none: there is no such command';
      if (outcome.code !== expected)
        this.faults.push(`${place} is ${outcome.code}, not ${expected}`);
      if (outcome.actor !== null) this.faults.push(`${place} is nobody's and names an actor`);
      if (events.length > 0) this.faults.push(`${place} is nobody's and has events`);
    } else this.#answered(witnessed, place, command, outcome, events);
    for (const event of events) this.#fold(witnessed, event);
  }

  #answered(
    witnessed: WitnessedPartition,
    place: string,
    command: CommandMessage,
    outcome: CommandOutcome,
    events: readonly EventMessage[],
  ): void {
    const { actor, stream, commandId } = command.value.envelope;
    const key = plain([actor, stream, commandId]);
    const first = witnessed.firsts.get(key);
    if (first === undefined && outcome.code === 'TIMERS_PENDING') {
      this.#refusedForTimers(witnessed, place, outcome, events);
      return;
    }
    if (first === undefined) {
      witnessed.firsts.set(key, { outcome, body: bodyOf(command) });
      this.#decidedFirst(witnessed, place, command, outcome, events);
      return;
    }
    if (events.length > 0) this.faults.push(`${place} (${commandId}) is applied a second time`);
    if (first.body !== bodyOf(command)) {
      if (outcome.code !== 'COMMAND_ID_REUSED')
        this.faults.push(`${place} has the id of another command, and is ${outcome.code}`);
      return;
    }
    const expected = { ...first.outcome, firstOffset: first.outcome.commandOffset };
    if (sayingOf(outcome) !== sayingOf(expected))
      this.faults.push(`${place} (${commandId}) does not repeat its first outcome`);
  }

  /** It is not remembered: the same id is decided when it comes again. */
  #refusedForTimers(
    { heads }: WitnessedPartition,
    place: string,
    { stream, decidedAt }: CommandOutcome,
    events: readonly EventMessage[],
  ): void {
    const head = heads.get(stream);
    const due = head === undefined ? [] : liveTimers(head, decisionTime(head, decidedAt));
    if (due.length <= this.#timersAwaitedMax)
      this.faults.push(`${place} is refused for ${due.length} timers, which it could wait for`);
    if (events.length > 0) this.faults.push(`${place} is refused and has events`);
  }

  #decidedFirst(
    { heads }: WitnessedPartition,
    place: string,
    command: CommandMessage,
    outcome: CommandOutcome,
    events: readonly EventMessage[],
  ): void {
    const head = heads.get(outcome.stream);
    for (const timer of head === undefined ? [] : liveTimers(head, outcome.decidedAt))
      this.faults.push(`${place} is decided at a time by which ${timer} was due, and before it`);
    const context = { now: outcome.decidedAt, streamVersion: head?.version ?? 0n };
    const decision = decide(head?.state ?? null, command, context);
    const drafts = decision.kind === 'accepted' ? decision.events : [];
    if (decision.kind !== outcome.status || outcome.firstOffset !== null) {
      this.faults.push(`${place} is ${outcome.code}, and the model says ${plain(decision)}`);
    }
    if (decision.kind === 'refused' && plain(decision.violations) !== plain(outcome.violations))
      this.faults.push(
        `${place} (${outcome.commandType}) is refused for other reasons than the model's: ${plain(outcome.violations)} for ${plain(decision.violations)}`,
      );
    this.#compare(place, drafts, events);
    this.faults.push(...events.flatMap((event) => originFaults(place, command, event)));
    const ids = events.map(({ value }) => value.envelope.eventId);
    if (plain(ids) !== plain(outcome.eventIds))
      this.faults.push(`${place} names events that are not its own`);
  }

  #compare(what: string, drafts: readonly EventDraft[], events: readonly EventMessage[]): void {
    const found = events.map(({ type, value }) => {
      const { envelope, ...data } = value;
      return { type, data, quotaId: envelope.quotaId, quotaVersion: envelope.quotaVersion };
    });
    const wanted = drafts.map(({ type, data, quotaId, quotaVersion }) => {
      return { type, data, quotaId, quotaVersion };
    });
    if (plain(found) !== plain(wanted)) this.faults.push(`${what}: its events are not the model's`);
  }

  #fold({ heads, unanchored }: WitnessedPartition, event: EventMessage): void {
    const { stream, streamVersion, previousHash, decidedAt } = event.value.envelope;
    const head = heads.get(stream);
    const place = `${stream} ${streamVersion}`;
    if (anchoredPartition(stream) === null) unanchored.add(stream);
    if (streamVersion !== (head?.version ?? 0n) + 1n)
      this.faults.push(`${place} comes after ${head?.version ?? 0n}`);
    if (!(head?.hash ?? NO_PREDECESSOR).equals(previousHash))
      this.faults.push(`${place}: the chain is broken`);
    if (decidedAt < (head?.decidedAt ?? 0n)) this.faults.push(`${place}: time goes back`);
    const state = evolve(head?.state ?? null, event);
    const events = this.#events.get(stream) ?? [];
    this.#events.set(stream, events);
    events.push(event);
    heads.set(stream, { state, version: streamVersion, hash: hashOf(event), decidedAt });
  }

  /** The command, or the code with which the record must be refused. */
  async #trusted({ value, headers }: LogRecord): Promise<CommandMessage | string> {
    try {
      const message = (await this.#codec.decode(value)) as CommandMessage;
      return headers.has(signatureHeaders.signature) ? message : 'COMMAND_UNSIGNED';
    } catch {
      return 'COMMAND_UNREADABLE';
    }
  }
}

/** What is due in a stream by a time, and would change something. */
function liveTimers({ state, version }: Head, at: bigint): string[] {
  const context = { now: at, streamVersion: version };
  return dueTimes(state)
    .filter((due) => due.at <= at && decideTimer(state, due, context).length > 0)
    .map(({ timer }) => timer);
}

/** An event says who asked for it, why, and what was attested beforehand: replay has no other source. */
function originFaults(place: string, command: CommandMessage, event: EventMessage): string[] {
  const originOf = ({ value }: CommandMessage | EventMessage): string => {
    const { actor, commandId, reason, attestations } = value.envelope;
    return plain({ actor, commandId, reason, attestations });
  };
  return originOf(command) === originOf(event) ? [] : [`${place}: an event has another origin`];
}

/** All that a sender chooses. */
function bodyOf({ type, value }: CommandMessage): string {
  return plain({ type, value: { ...value, envelope: { ...value.envelope, submittedAt: 0n } } });
}

/** All that a repetition must say again. */
function sayingOf(outcome: CommandOutcome): string {
  return plain({ ...outcome, commandOffset: 0n });
}

/** A stream as text: equal heads have equal texts. */
export function headText(head: Head): string {
  const { version, hash, decidedAt, state } = head;
  return `${version} ${hash.toString('hex')} ${decidedAt} ${stateToText(state)}`;
}
