import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { Response } from 'express';
import type { Logger } from '../logger.ts';
import type { EventTail } from './eventTail.ts';
import { cursorText } from './feedCursor.ts';
import type { FeedCursor } from './feedCursor.ts';
import { FeedClient } from './feedClient.ts';
import type { FeedFilter } from './feedFilter.ts';

/** Clients of one instance: each has a socket, a page and a place in the rounds. */
const CLIENTS_MAX = 500;
/** Clients of one principal: one that opens feeds and forgets them must not take all places. */
const CLIENTS_OF_ONE_MAX = 20;
/** A client that takes nothing for so long is cut, and comes back to where it was. */
const DRAIN_MS = 10_000;
/** A longer wait would overflow the timer and end at once: 24 days. */
const TIMER_MS_MAX = 2_147_483_647;
/** For the last bytes of clients that are told to go. */
const CLOSE_MS = 50;

export interface FeedRequest {
  readonly principal: Principal;
  readonly filter: FeedFilter;
  readonly partitions: readonly number[];
  /** Where the client goes on; null: now. */
  readonly from: FeedCursor | null;
}

export interface FeedsParts {
  readonly logger: Pick<Logger, 'warn'>;
  /** Of the events. */
  readonly partitions: number;
  /** Other patience than the preset, milliseconds; for tests. */
  readonly drainMs?: number;
}

/** The feeds that are open now. */
export class Feeds {
  /** Clients cut off because they did not read. */
  cut = 0;
  readonly #tail: EventTail;
  readonly #parts: FeedsParts;
  /** With the principal of each. */
  readonly #open = new Map<Response, string>();

  constructor(tail: EventTail, parts: FeedsParts) {
    this.#tail = tail;
    this.#parts = parts;
  }

  /** Of the events. */
  get partitions(): number {
    return this.#parts.partitions;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Tells the client of every event from its cursor on, until it goes, does not read, or its
   * credentials end.
   * @throws Problem 503 when there is no place
   */
  async open(request: FeedRequest, response: Response): Promise<void> {
    const { actor, endsAtMs } = request.principal;
    this.#takePlace(response, JSON.stringify([actor.issuer, actor.subject]));
    try {
      await this.#tail.join();
      const from =
        request.from ?? new Map(request.partitions.map((p) => [p, this.#tail.position(p)]));
      const end = setTimeout(
        () => response.end(),
        Math.min(TIMER_MS_MAX, Math.max(0, endsAtMs - Date.now())),
      );
      end.unref();
      response.once('close', () => clearTimeout(end));
      begin(response, from);
      const { drainMs = DRAIN_MS } = this.#parts;
      const { filter } = request;
      const client = new FeedClient(this.#tail, { filter, from, response, drainMs });
      if ((await client.run()) === 'slow') this.cut += 1;
    } catch (error) {
      // Its beginning is sent: only the end of the connection says that it did not go on.
      if (!response.headersSent) throw error;
      this.#parts.logger.warn({ err: error }, 'A feed broke off.');
    } finally {
      this.#tail.leave();
      this.#open.delete(response);
      if (response.headersSent) response.destroy();
    }
  }

  /** Ends every feed, so that clients turn to another instance at once. */
  async close(): Promise<void> {
    for (const response of this.#open.keys()) response.end();
    await sleep(CLOSE_MS);
  }

  #takePlace(response: Response, principal: string): void {
    const own = [...this.#open.values()].filter((each) => each === principal).length;
    if (own >= CLIENTS_OF_ONE_MAX) throw tooMany(`${CLIENTS_OF_ONE_MAX} feeds of one principal`);
    if (this.#open.size >= CLIENTS_MAX) throw tooMany(`${CLIENTS_MAX} feeds`);
    this.#open.set(response, principal);
  }
}

function begin(response: Response, from: FeedCursor): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // A proxy that gathers bytes would hold back what clients wait for.
    'x-accel-buffering': 'no',
  });
  // Who leaves before the first event knows where to go on.
  response.write(`id: ${cursorText(from)}\nevent: heartbeat\ndata:\n\n`);
}

const tooMany = (what: string): Problem =>
  new Problem(503, 'TOO_MANY_STREAMS', `This instance serves ${what} at most.`, {
    headers: { 'retry-after': '5' },
  });
