import { isSegment } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import type { RuleFeed } from '../feed/ruleFeed.ts';
import type { RuleFeeds } from '../feed/ruleFeeds.ts';
import { mustSpeakFor } from './mustSpeakFor.ts';
import type { RuleStreams } from './ruleStream.ts';
import { StreamPlaces } from './streamPlaces.ts';

/** How long a request waits for a feed that has just begun, milliseconds. */
const FIRST_READ_MS_MAX = 5_000;

/** Who may read the rules of any application when the token names none. */
const READERS_OF_ALL = ['auditor', 'operator'] as const;

/** `GET /v1/rules/<application>` and its stream. */
export function rulesRoutes(router: Router, feeds: RuleFeeds, streams: RuleStreams): void {
  const places = new StreamPlaces();
  router.get('/v1/rules/:application', async (request, response) => {
    const feed = await feedFor(request, feeds);
    const since = sinceIn(request);
    const changes = since === null ? null : feed.changesSince(since);
    if (changes !== null) {
      response.set('cache-control', 'no-store').type('application/json').send(changes);
      return;
    }
    const { text, etag } = feed.snapshot();
    response.set('etag', etag).set('cache-control', 'no-cache');
    if (isUnchanged(request.headers['if-none-match'], etag)) response.status(304).end();
    else response.type('application/json').send(text);
  });
  router.get('/v1/rules/:application/stream', async (request, response) => {
    const feed = await feedFor(request, feeds);
    places.take(request.principal, response);
    streams.open(feed, response, request.principal.endsAtMs, sinceIn(request));
  });
}

/** @throws Problem 403, 404 or 503 */
async function feedFor(request: Request, feeds: RuleFeeds): Promise<RuleFeed> {
  const application = String(request.params['application']);
  mustSpeakFor(request.principal, application, READERS_OF_ALL);
  const feed = isSegment(application) ? await found(feeds, application) : null;
  if (feed === null) {
    throw new Problem(404, 'APPLICATION_UNKNOWN', `There is no application ${application}.`);
  }
  await Promise.race([feed.known, timeout(FIRST_READ_MS_MAX)]);
  if (feed.isKnown) return feed;
  throw notYet('The rules have not been read yet.');
}

async function found(feeds: RuleFeeds, application: string): Promise<RuleFeed | null> {
  try {
    return await feeds.of(application);
  } catch (cause) {
    throw notYet('The log does not answer.', cause);
  }
}

/** The cursor of an earlier answer; what is none is answered with the whole set, as one that is too old. */
function sinceIn({ query }: Request): string | null {
  const { since } = query;
  return typeof since === 'string' ? since : null;
}

/** RFC 9110: a list of tags, weak ones compared without their mark, or `*`. */
function isUnchanged(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

const notYet = (detail: string, cause?: unknown): Problem =>
  new Problem(503, 'RULES_NOT_READY', detail, { headers: { 'retry-after': '1' }, cause });

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
