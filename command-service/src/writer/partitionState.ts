import type { AnchoredHead, EventMessage } from '@prorata/schemas';
import {
  byCodeUnit,
  dueTimeOf,
  dueTimes,
  evolve,
  foldBack,
  fork,
  touchedTimers,
} from '@prorata/quota-model';
import type { DueTime, StreamState } from '@prorata/quota-model';
import { HeadsToAnchor } from '../anchor/headsToAnchor.ts';
import { DueTimeHeap } from './dueTimeHeap.ts';
import { RecentCommands } from './recentCommands.ts';
import { vouchedTime } from './vouchedTime.ts';

/** What the next event of a stream builds on. */
export interface StreamHead {
  state: StreamState;
  version: bigint;
  /** Of the event at `version`. */
  hash: Buffer;
  /** Decision time of that event, microseconds. */
  decidedAt: bigint;
  /** Whether an anchor has named it as it is. */
  isAnchored: boolean;
}

/** When the stream's next event happens: time never goes back within a stream, whatever the clock does. */
export function decisionTime(head: Pick<StreamHead, 'decidedAt'> | null, now: bigint): bigint {
  return head !== null && head.decidedAt > now ? head.decidedAt : now;
}

/** The stream's events do not follow each other: the log is not what this writer's law makes it. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken';
  readonly stream: string;
  constructor(stream: string, expected: bigint, found: bigint) {
    super(`${stream} continues with version ${found} where ${expected} is due.`);
    this.stream = stream;
  }
}

/** Everything that deciding needs to know of one partition; a fold of its events and outcomes. */
export class PartitionState {
  readonly streams = new Map<string, StreamHead>();
  readonly recent: RecentCommands;
  /** When something is due next, by stream. */
  readonly due = new DueTimeHeap();
  /** What is due, by stream and then by timer, so that no change walks the timers of its stream. */
  readonly #timers = new Map<string, DueTimeHeap>();
  /** The offset after the last command decided; null: none is known. */
  nextCommand: bigint | null = null;
  /** What the next anchor is about. */
  readonly toAnchor = new HeadsToAnchor();
  /** Events folded since the last snapshot. */
  eventsSinceSnapshot = 0;
  #frozen: ReadonlyMap<string, StreamHead> | null = null;
  /** Streams that are looked at later than something in them is due. */
  readonly #putOff = new Set<string>();
  /** The clock as it was looked at last. */
  #seenAt = 0n;
  #vouchedAt = 0n;

  constructor(recent = new RecentCommands()) {
    this.recent = recent;
  }

  /** Of all applications. */
  get quotas(): number {
    let sum = 0;
    for (const { state } of this.streams.values())
      if (state.kind === 'application') sum += state.quotas.size;
    return sum;
  }

  /** The latest time that signatures vouch for; 0 before the first. Ids are let go by it, not by the clock. */
  get vouchedAt(): bigint {
    return this.#vouchedAt;
  }

  vouched(signedAt: bigint, now: bigint): void {
    const at = vouchedTime(signedAt, now);
    if (at > this.#vouchedAt) this.#vouchedAt = at;
  }

  decided(commandOffset: bigint): void {
    if (this.nextCommand === null || commandOffset >= this.nextCommand) {
      this.nextCommand = commandOffset + 1n;
    }
  }

  /**
   * @param hash of the event itself, for its successor
   * @throws StreamBroken when a version is missing or comes twice
   */
  apply(event: EventMessage, hash: Buffer): void {
    const { stream, streamVersion, decidedAt, commandOffset } = event.value.envelope;
    const head = this.streams.get(stream);
    const expected = (head?.version ?? 0n) + 1n;
    if (streamVersion !== expected) throw new StreamBroken(stream, expected, streamVersion);
    const state = evolve(this.#own(stream, head), event);
    this.streams.set(stream, { state, version: streamVersion, hash, decidedAt, isAnchored: false });
    this.toAnchor.wentOn(stream);
    if (event.type === 'HeadsAnchored') this.#anchored(event.value.heads);
    this.#keepTimers(event, state);
    if (commandOffset !== null) this.decided(commandOffset);
    this.eventsSinceSnapshot++;
  }

  /** A stream as a snapshot has it, before any event is applied. */
  restoreHead(stream: string, head: StreamHead): void {
    this.streams.set(stream, head);
    this.toAnchor.restored(stream, head.version, head.isAnchored);
  }

  /**
   * The heads as they are now, which stay so until `thaw`: a snapshot is written of them while events
   * go on. It costs a map of the streams, and nothing that grows with what is in them.
   */
  freeze(): ReadonlyMap<string, StreamHead> {
    this.#frozen ??= new Map(this.streams);
    return this.#frozen;
  }

  /** Takes what has happened since `freeze` over into what was frozen, in O(what was touched). */
  thaw(): void {
    for (const [stream, { state }] of this.#frozen ?? []) {
      const head = this.streams.get(stream);
      if (head === undefined || head.state === state) continue;
      this.streams.set(stream, { ...head, state: foldBack(state, head.state) });
    }
    this.#frozen = null;
  }

  #anchored(heads: readonly AnchoredHead[]): void {
    this.toAnchor.named(heads);
    for (const { stream } of heads) {
      const head = this.streams.get(stream);
      // A copy: what was frozen for a snapshot stays as it is.
      if (head !== undefined) this.streams.set(stream, { ...head, isAnchored: true });
    }
  }

  /** What the next event may change: a fork, the first time after what is there was frozen. */
  #own(stream: string, head: StreamHead | undefined): StreamState | null {
    if (head === undefined) return null;
    const isFrozen = this.#frozen?.get(stream)?.state === head.state;
    return isFrozen ? fork(head.state) : head.state;
  }

  /** Once for every stream that changed: what is due next in it, but not before `notBefore`. */
  reschedule(stream: string, notBefore: bigint | null = null): void {
    const earliest = this.#timersOf(stream).earliest();
    const isTooSoon = earliest !== null && notBefore !== null && earliest < notBefore;
    this.due.set(stream, isTooSoon ? notBefore : earliest);
    if (isTooSoon) this.#putOff.add(stream);
    else this.#putOff.delete(stream);
  }

  /**
   * The earliest time at which a stream is to be looked at; null: none, ever. What was put off for a moment is
   * not put off until a clock that was set back comes there again.
   */
  dueAt(now: bigint): bigint | null {
    if (now < this.#seenAt) for (const stream of [...this.#putOff]) this.reschedule(stream);
    this.#seenAt = now;
    return this.due.earliest();
  }

  /**
   * The first of what is due in a stream at its own time (`decisionTime`), at most so many, in the order of
   * their times.
   */
  dueIn(stream: string, now: bigint, most: number): readonly DueTime[] {
    const head = this.streams.get(stream);
    const at = decisionTime(head ?? null, now);
    const timers = this.#timersOf(stream);
    const dues: DueTime[] = [];
    while (dues.length < most) {
      const timer = timers.popDue(at);
      if (timer === null) break;
      const due = head === undefined ? null : dueTimeOf(head.state, timer);
      if (due !== null && due.at <= at) dues.push(due);
      else if (due !== null) timers.set(timer, due.at);
    }
    // They stay until an event takes them away: the batch may have no room for it.
    for (const due of dues) timers.set(due.timer, due.at);
    return dues.sort((a, b) =>
      a.at === b.at ? byCodeUnit(a.timer, b.timer) : a.at < b.at ? -1 : 1,
    );
  }

  /** How many timers are due in a stream at its own time; at most so many are counted. */
  countDue(stream: string, now: bigint, most: number): number {
    const head = this.streams.get(stream);
    if (head === undefined) return 0;
    return this.#timersOf(stream).countDue(decisionTime(head, now), most);
  }

  /** Kept with every event from the first time on that they are asked for: while a log is read, nobody asks. */
  #timersOf(stream: string): DueTimeHeap {
    const known = this.#timers.get(stream);
    if (known !== undefined) return known;
    const timers = new DueTimeHeap();
    const head = this.streams.get(stream);
    for (const { timer, at } of head === undefined ? [] : dueTimes(head.state)) {
      timers.set(timer, at);
    }
    this.#timers.set(stream, timers);
    return timers;
  }

  #keepTimers(event: EventMessage, state: StreamState): void {
    const timers = this.#timers.get(event.value.envelope.stream);
    if (timers === undefined) return;
    for (const timer of touchedTimers(state, event)) {
      timers.set(timer, dueTimeOf(state, timer)?.at ?? null);
    }
  }
}
