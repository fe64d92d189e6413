import { isSegment } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import type { Response, Router } from 'express';
import type { LeaseFeed, LeaseText } from '../feed/leaseFeed.ts';
import type { LeaseFeeds } from '../feed/leaseFeeds.ts';
import { mustSpeakFor } from './mustSpeakFor.ts';
import { StreamPlaces } from './streamPlaces.ts';

/** What may wait for a host that does not read, bytes: then it is cut off, and gets the latest when it is back. */
const BEHIND_BYTES_MAX = 262_144;
/** A host takes 15 s of silence for a dead connection. */
const COMMENT_INTERVAL_MS = 5_000;
/** A longer wait would overflow the timer and end at once: 24 days. */
const TIMER_MS_MAX = 2_147_483_647;
/** A UUID, and what else names a start of a host. */
const BOOT = /^[\w.-]{1,128}$/;

/** The streams of leases that are open now. */
export class LeaseStreams {
  readonly #open = new Set<Response>();

  get size(): number {
    return this.#open.size;
  }

  /** @param endMs when the token ends, milliseconds since the epoch */
  open(feed: LeaseFeed, bootId: string, response: Response, endMs: number): void {
    // Gone while it was waited for the feed: nothing would ever say again that it is closed.
    if (response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const write = (text: string): void => {
      if (response.writableEnded || response.destroyed) return;
      response.write(text);
      if (response.writableLength > BEHIND_BYTES_MAX) response.destroy();
    };
    write(':\n\n');
    const send = ({ text }: LeaseText): void => write(`event: lease\ndata: ${text}\n\n`);
    const silence = feed.listen(bootId, send);
    const comments = setInterval(() => write(':\n\n'), COMMENT_INTERVAL_MS);
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(0, endMs - Date.now()));
    const end = setTimeout(() => response.end(), leftMs);
    comments.unref();
    end.unref();
    this.#open.add(response);
    response.once('close', () => {
      silence();
      clearInterval(comments);
      clearTimeout(end);
      this.#open.delete(response);
    });
  }

  /** Ends every stream, so that hosts turn to another instance at once. */
  close(): void {
    for (const response of this.#open) response.end();
  }
}

/** `GET /v1/leases/<application>/<start of a host>/stream`, for hosts without Kafka. */
export function leaseRoutes(router: Router, feeds: LeaseFeeds, streams: LeaseStreams): void {
  const places = new StreamPlaces();
  router.get('/v1/leases/:application/:bootId/stream', async (request, response) => {
    const { application = '', bootId = '' } = request.params as Record<string, string>;
    mustSpeakFor(request.principal, application);
    const isNamed = isSegment(application) && BOOT.test(bootId);
    const feed = isNamed ? await found(feeds, application) : null;
    if (feed === null) {
      throw new Problem(404, 'APPLICATION_UNKNOWN', `There is no application ${application}.`);
    }
    places.take(request.principal, response);
    streams.open(feed, bootId, response, request.principal.endsAtMs);
  });
}

async function found(feeds: LeaseFeeds, application: string): Promise<LeaseFeed | null> {
  try {
    return await feeds.of(application);
  } catch (cause) {
    const headers = { 'retry-after': '1' };
    throw new Problem(503, 'RULES_NOT_READY', 'The log does not answer.', { headers, cause });
  }
}
