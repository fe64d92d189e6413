import type { HostTime } from './hostClock.ts';
import { OVERFLOW_SLOT } from './keySlots.ts';
import type { PathLimit, PathResource } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';
import { keyFor } from './slotChoice.ts';
import { DELAY, NEVER } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** How long somebody is willing to wait. */
export interface WaitTerms {
  /** Milliseconds, 0 to 2^31-1. */
  readonly maxWaitMs: number;
  /** Gives the place in the line up. */
  readonly signal?: AbortSignal;
  /** Where limits are each key's own. */
  readonly key?: string;
}

/** Who waits: a handle with what it is to take. */
export interface Asker {
  readonly attributes: Attributes;
  readonly key: string;
  /** The synchronous decision. */
  take(delayed: boolean): Verdict;
  /** The limits that the last `take` asked. */
  entry(): PathResource | null;
}

/** Each has a timer and a promise, 1 KB together; more than a process serves that is still alive. */
const WAITING_MAX = 10_000;
/** What a timer can be set to. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/** What is spoken for at one limit, from a time to come on. */
interface Place {
  readonly limit: PathLimit;
  readonly slot: number;
  readonly key: string;
  readonly atMicros: number;
}

/**
 * Delayed requests that wait for their turn. A place is spoken for at the limit that lets the request wait
 * longest: whoever asks later, waiting or not, finds less room there, so that turns come in the order of asking,
 * at moments of their own, and large costs are not starved by small ones. (So do the reservations of Guava's
 * RateLimiter and of golang.org/x/time/rate.) When the turn has come the place is given up and the request is
 * decided like any other, in the same step: over any stretch no limit lets through more than without waiting.
 */
export class WaitingLine {
  readonly #time: HostTime;
  readonly #wakers = new Set<() => void>();
  #waiting = 0;
  #isStopped = false;
  /** Requests that were not let into the line, because it was full. */
  turnedAway = 0;

  constructor(time: HostTime) {
    this.#time = time;
  }

  get size(): number {
    return this.#waiting;
  }

  /** See `Handle.takeOrWait`. */
  async take(asker: Asker, cost: number, terms: WaitTerms): Promise<Verdict> {
    const { maxWaitMs, signal } = terms;
    if (!Number.isSafeInteger(maxWaitMs) || maxWaitMs < 0 || maxWaitMs > WAIT_MS_MAX) {
      throw new RangeError(`A wait is a whole number of ms from 0 to 2^31-1, not ${maxWaitMs}.`);
    }
    signal?.throwIfAborted();
    const verdict = asker.take(false);
    if (verdict !== DELAY) return verdict;
    if (this.#waiting >= WAITING_MAX) {
      this.turnedAway += 1;
      return lost(asker, cost);
    }
    this.#waiting += 1;
    try {
      return await this.#waitFor(asker, cost, this.#time.now() + maxWaitMs * 1000, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** All who wait are told DELAY. */
  stop(): void {
    this.#isStopped = true;
    for (const wake of this.#wakers) wake();
  }

  async #waitFor(
    asker: Asker,
    cost: number,
    untilMicros: number,
    signal: AbortSignal | undefined,
  ): Promise<Verdict> {
    let places: Place[] = [];
    for (;;) {
      const place = this.#placeFor(asker, cost, untilMicros);
      if (place === null) return lost(asker, cost);
      // At other limits the turn has come already, and is kept while this one has no room.
      places = [...places.filter((each) => !isSame(each, place)), place];
      for (const each of places) if (each !== place) keep(each, cost);
      await this.#sleepUntil(place.atMicros, signal);
      this.#time.now();
      for (const each of places) giveUp(each, cost);
      signal?.throwIfAborted();
      if (this.#isStopped) return DELAY;
      const verdict = takeInTurn(asker, places);
      if (verdict !== DELAY) return verdict;
    }
  }

  /** Speaks for a place at the limit with the longest wait; null: none comes in time, or can be kept. */
  #placeFor(asker: Asker, cost: number, untilMicros: number): Place | null {
    const wait = new Float64Array(1);
    let longest: PathLimit | null = null;
    let longestMicros = -1;
    for (const limit of asker.entry()?.amounts ?? []) {
      // Others let the request go on over them: for their room nobody waits.
      if (!limit.lacking || limit.state === null || !delays(limit)) continue;
      limit.state.waitFor(limit.slot, cost, wait);
      const micros = wait[0] ?? 0;
      if (micros === NEVER) return null;
      if (micros > longestMicros) [longest, longestMicros] = [limit, micros];
    }
    const atMicros = (this.#time.moment[0] ?? 0) + longestMicros;
    if (longest === null || atMicros > untilMicros) return null;
    wait[0] = longestMicros;
    if (longest.state?.reserve(longest.slot, cost, wait) !== true) return null;
    const key = keyFor(longest, asker.attributes, asker.key);
    return { limit: longest, slot: longest.slot, key, atMicros };
  }

  /** Resolves then, or when the signal aborts or the host stops. A timer may ring a little early. */
  async #sleepUntil(atMicros: number, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const micros = atMicros - this.#time.now();
      if (micros <= 0 || signal?.aborted === true || this.#isStopped) return;
      await this.#sleep(Math.ceil(micros / 1000), signal);
    }
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wakers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}

const delays = ({ rule }: PathLimit): boolean =>
  rule.mode === 'enforce' && rule.overLimit === DELAY;

/** Nobody waits any longer: what was wanted counts as refused. */
function lost(asker: Asker, cost: number): Verdict {
  asker.entry()?.meter?.refuse(cost);
  return DELAY;
}

/** A key that was forgotten since was full again: its slot may be somebody else's. */
const isStillThere = ({ limit: { keys }, slot, key }: Place): boolean =>
  keys === null || slot === OVERFLOW_SLOT || keys.knownSlotOf(key) === slot;

const isSame = (a: Place, b: Place): boolean =>
  a.limit.state === b.limit.state && a.slot === b.slot;

function giveUp(place: Place, cost: number): void {
  if (isStillThere(place)) place.limit.state?.giveUp(place.slot, cost, place.atMicros);
}

function keep(place: Place, cost: number): void {
  if (isStillThere(place)) place.limit.state?.keep(place.slot, cost);
}

/** Where its turn has come, those who wait behind do not count. */
function takeInTurn(asker: Asker, places: readonly Place[]): Verdict {
  const there = places.filter(isStillThere);
  const lifted = there.map(({ limit, slot }) => limit.state?.lift(slot) ?? 0);
  const verdict = asker.take(true);
  for (const [index, { limit, slot }] of there.entries()) {
    limit.state?.putBack(slot, lifted[index] ?? 0);
  }
  return verdict;
}
