import type { Response } from 'express';
import { findBelongings } from './belongings.ts';
import type { EventTail } from './eventTail.ts';
import { cursorText } from './feedCursor.ts';
import type { FeedCursor } from './feedCursor.ts';
import type { FeedEvent } from './feedEvent.ts';
import { asksBelongings, belongs, toldOf } from './feedFilter.ts';
import type { FeedFilter, Told } from './feedFilter.ts';

/** What may wait for a client, bytes, before it is waited for. */
const BEHIND_BYTES_MAX = 262_144;
/** A client takes 15 s of silence for a dead connection. */
const HEARTBEAT_MS = 5_000;

export interface FeedClientParts {
  readonly filter: FeedFilter;
  readonly from: FeedCursor;
  readonly response: Response;
  /** A client that takes nothing for so long is cut, milliseconds. */
  readonly drainMs: number;
}

interface ToldEvent {
  readonly event: FeedEvent;
  readonly told: Told;
}

/**
 * One client, which reads as fast as it takes: at most a page and what its socket holds lie in memory. Each
 * id is where to go on after the event, over all partitions of the feed.
 */
export class FeedClient {
  readonly #tail: EventTail;
  readonly #parts: FeedClientParts;
  readonly #cursor: FeedCursor;
  #isGone = false;
  #wake: () => void = () => undefined;
  #saidAtMs = performance.now();

  constructor(tail: EventTail, parts: FeedClientParts) {
    this.#tail = tail;
    this.#parts = parts;
    this.#cursor = new Map(parts.from);
  }

  /** Resolves when the client has gone, or has to. */
  async run(): Promise<'gone' | 'slow'> {
    this.#parts.response.once('close', () => {
      this.#isGone = true;
      this.#wake();
    });
    while (!this.#isGone) {
      // Asked for before the reading: what moves meanwhile is not slept through.
      const { moved } = this.#tail;
      if (!(await this.#tellAll())) return this.#hasGone() ? 'gone' : 'slow';
      const quietMs = performance.now() - this.#saidAtMs;
      const isSilence = await this.#pause(Math.max(0, HEARTBEAT_MS - quietMs), (go) => {
        void moved.then(go);
      });
      if (isSilence && !this.#write('heartbeat', '')) return 'gone';
    }
    return 'gone';
  }

  #hasGone(): boolean {
    return this.#isGone;
  }

  /** Until something happens or the connection closes. @returns whether nothing did for so long */
  #pause(ms: number, listen: (go: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
      if (this.#isGone) this.#wake();
      else listen(this.#wake);
    });
  }

  /** @returns false when the client has gone or does not read */
  async #tellAll(): Promise<boolean> {
    for (const partition of this.#cursor.keys()) {
      for (;;) {
        const from = this.#cursor.get(partition) ?? 0n;
        const { events, next } = await this.#tail.read(partition, from);
        if (next <= from) break;
        for (const { event, told } of await this.#chosen(events)) {
          this.#cursor.set(partition, event.offset + 1n);
          const data = JSON.stringify({ ...event.told, ...told });
          if (!this.#write('change', data) || !(await this.#drained())) return false;
        }
        this.#cursor.set(partition, next);
      }
    }
    return !this.#isGone;
  }

  async #chosen(events: readonly FeedEvent[]): Promise<readonly ToldEvent[]> {
    const { filter } = this.#parts;
    const chosen = events.flatMap((event) => {
      const told = toldOf(event, filter);
      return told === null ? [] : [{ event, told }];
    });
    const asking = chosen.filter(({ event }) => asksBelongings(filter, event));
    await findBelongings(
      this.#tail.pool,
      asking.map(({ event }) => event),
    );
    return chosen.filter(({ event }) => !asksBelongings(filter, event) || belongs(event, filter));
  }

  /** @returns false when nobody is there any more */
  #write(name: string, data: string): boolean {
    const { response } = this.#parts;
    if (response.writableEnded || response.destroyed) return false;
    response.write(`id: ${cursorText(this.#cursor)}\nevent: ${name}\ndata: ${data}\n\n`);
    this.#saidAtMs = performance.now();
    return true;
  }

  async #drained(): Promise<boolean> {
    const { response, drainMs } = this.#parts;
    if (response.writableLength <= BEHIND_BYTES_MAX) return true;
    const isLate = await this.#pause(drainMs, (go) => response.once('drain', go));
    return !isLate && !this.#isGone;
  }
}
