import { expect, it } from 'vitest';
import { CommandError } from '../commandError.ts';
import { followFeed } from './followFeed.ts';
import type { GatewayClient } from './gatewayClient.ts';
import { GatewayProblem } from './gatewayProblem.ts';

const message = (id: string, event: string, data: string): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
const change = (id: string, quotaId: string): string =>
  message(id, 'change', JSON.stringify({ type: 'QuotaChanged', quotaId }));

/** A gateway whose feed answers as it is told, one after the other. */
class FeedStandIn {
  readonly asked: (string | undefined)[] = [];
  readonly #answers: (string | Error)[];

  constructor(...answers: (string | Error)[]) {
    this.#answers = answers;
  }

  open(
    _path: string,
    _query: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    this.asked.push(headers['last-event-id']);
    const answer = this.#answers.shift() ?? new GatewayProblem(403, { code: 'FORBIDDEN' });
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new Response(answer));
  }
}

async function follow(feed: FeedStandIn, after: string | null, most: number) {
  const changes: string[] = [];
  const losses: string[] = [];
  const question = { query: {}, after, signal: new AbortController().signal };
  await followFeed(feed as unknown as GatewayClient, question, {
    changed: ({ id, change: told }) => {
      changes.push(`${id} ${String(told['quotaId'])}`);
      return changes.length < most;
    },
    lost: (why) => void losses.push(why),
    found: () => void losses.push('found'),
  });
  return { changes, losses };
}

it('goes on where it was when the connection is lost, heartbeats counted', async () => {
  const feed = new FeedStandIn(
    message('0.1', 'heartbeat', '') + change('0.2', 'moka/a') + message('0.5', 'heartbeat', ''),
    new CommandError('The gateway does not answer'),
    change('0.6', 'moka/b') + change('0.7', 'moka/c'),
  );
  expect(await follow(feed, null, 2)).toEqual({
    changes: ['0.2 moka/a', '0.6 moka/b'],
    losses: ['the feed ended', 'found'],
  });
  expect(feed.asked).toEqual([undefined, '0.5', '0.5']);
});

it('begins after the id that it is given', async () => {
  const feed = new FeedStandIn(change('0.9', 'moka/a'));
  await follow(feed, '0.8', 1);
  expect(feed.asked).toEqual(['0.8']);
});

it('gives up where there never was a connection', async () => {
  const feed = new FeedStandIn(new CommandError('The gateway does not answer'));
  await expect(follow(feed, null, 1)).rejects.toThrow('does not answer');
});

it('gives up where another try would change nothing', async () => {
  await expect(follow(new FeedStandIn(), null, 1)).rejects.toThrow('FORBIDDEN');
});
