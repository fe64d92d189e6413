import type { Response } from 'express';
import type { FeedEvent, FeedSnapshot, RuleFeed } from '../feed/ruleFeed.ts';

/** What may wait for a slow client beside one whole set, bytes: then it is cut off, and comes back. */
const BEHIND_BYTES_MAX = 1_048_576;
/** A client takes 15 s of silence for a dead connection. */
const COMMENT_INTERVAL_MS = 5_000;

/** A longer wait would overflow the timer and end at once: 24 days. */
const TIMER_MS_MAX = 2_147_483_647;

/** The streams that are open now. */
export class RuleStreams {
  /** Clients cut off because they did not read. */
  cut = 0;
  readonly #open = new Set<Response>();

  get size(): number {
    return this.#open.size;
  }

  /**
   * Sends the whole set and then every change; a client that comes back with a cursor of this feed gets what has
   * changed since. The stream ends with the token that opened it: the client comes back with one that still holds.
   * @param endMs milliseconds since the epoch
   * @param since the cursor that the client last had; null: none
   */
  open(feed: RuleFeed, response: Response, endMs: number, since: string | null = null): void {
    // Gone while it was waited for the feed: nothing would ever say again that it is closed.
    if (response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // A proxy that gathers bytes would hold back what hosts wait for.
      'x-accel-buffering': 'no',
    });
    const stream = new RuleStream(feed, response, () => {
      this.cut += 1;
    });
    this.#open.add(response);
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(0, endMs - Date.now()));
    const end = setTimeout(() => response.end(), leftMs);
    end.unref();
    response.once('close', () => {
      clearTimeout(end);
      stream.close();
      this.#open.delete(response);
    });
    stream.begin(since);
  }

  /** Ends every stream, so that hosts turn to another instance at once. */
  close(): void {
    for (const response of this.#open) response.end();
  }
}

class RuleStream {
  readonly #feed: RuleFeed;
  readonly #response: Response;
  readonly #cut: () => void;
  #setBytes = 0;
  /** Whether the set that was sent last was. */
  #isCurrent = false;
  #comments: NodeJS.Timeout | null = null;
  #silence: () => void = () => undefined;

  constructor(feed: RuleFeed, response: Response, cut: () => void) {
    this.#feed = feed;
    this.#response = response;
    this.#cut = cut;
  }

  begin(since: string | null): void {
    const changes = since === null ? null : this.#feed.changesSince(since);
    if (changes === null) this.#sendSet();
    else this.#sendChanges(changes);
    if (this.#feed.isFresh) this.#send({ kind: 'confirmed' });
    this.#silence = this.#feed.listen((event) => this.#send(event));
    this.#comments = setInterval(() => this.#write(':\n\n'), COMMENT_INTERVAL_MS);
    this.#comments.unref();
  }

  close(): void {
    this.#silence();
    if (this.#comments !== null) clearInterval(this.#comments);
  }

  #send(event: FeedEvent): void {
    if (event.kind === 'rules') this.#sendSet();
    else if (event.kind === 'confirmed') {
      // Of a set that was not current the client removed nothing: it needs one that is.
      if (!this.#isCurrent) this.#sendSet();
      this.#write(`event: heartbeat\ndata: ${JSON.stringify(this.#feed.state)}\n\n`);
    } else {
      const name = event.kind === 'rule' ? 'rule' : 'rule-deleted';
      this.#write(`id: ${event.id}\nevent: ${name}\ndata: ${event.text}\n\n`);
    }
  }

  #sendSet(): void {
    const snapshot = this.#feed.snapshot();
    const bytes = bytesOf(snapshot);
    this.#isCurrent = snapshot.isCurrent;
    this.#setBytes = bytes.length;
    this.#write(bytes);
  }

  /** To who has removed already what a set that was current did not have. */
  #sendChanges(changes: string): void {
    this.#isCurrent = true;
    this.#setBytes = Buffer.byteLength(changes);
    this.#write(`id: ${this.#feed.appliedOffset}\nevent: changes\ndata: ${changes}\n\n`);
  }

  #write(data: string | Buffer): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(data);
    if (this.#response.writableLength <= this.#setBytes + BEHIND_BYTES_MAX) return;
    this.#cut();
    this.#response.destroy();
  }
}

/** Of a set as it goes out: thousands of clients wait on the same bytes. */
const setBytes = new WeakMap<FeedSnapshot, Buffer>();

function bytesOf(snapshot: FeedSnapshot): Buffer {
  const made = setBytes.get(snapshot);
  if (made !== undefined) return made;
  const { appliedOffset, text } = snapshot;
  const bytes = Buffer.from(`id: ${appliedOffset}\nevent: rules\ndata: ${text}\n\n`);
  setBytes.set(snapshot, bytes);
  return bytes;
}
