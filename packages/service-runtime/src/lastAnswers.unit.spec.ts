import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { createService } from './service.ts';
import type { Service } from './service.ts';

/** Answers `/v1/slow` when it is told to. */
async function start(): Promise<{ service: Service; url: string; answerSlow: () => void }> {
  const slow = Promise.withResolvers<undefined>();
  const service = createService({
    name: 'test',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: { handler: (_request, _response, next) => next(), assertCovers: () => undefined },
    ready: () => [],
    routes(router) {
      router.get('/v1/slow', async (_request, response) => {
        await slow.promise;
        response.json({});
      });
    },
  });
  return { service, ...(await service.listen()), answerSlow: () => slow.resolve(undefined) };
}

function get(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (answer) =>
      answer.resume().on('end', () => resolve(answer)),
    );
    sent.on('error', reject).end();
  });
}

it('a connection that is open when the server ends gets an answer still, which says to let go of it', async () => {
  const { service, url } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await get(`${url}/healthz`, agent)).headers.connection).toBe('keep-alive');
  const closed = service.close();
  const last = await get(`${url}/healthz`, agent);
  expect([last.statusCode, last.headers.connection]).toEqual([200, 'close']);
  await closed;
  await expect(get(`${url}/healthz`, agent)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('an answer that is under way when the server ends is given, and is its connection’s last', async () => {
  const { service, url, answerSlow } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const slow = get(`${url}/v1/slow`, agent);
  await get(`${url}/healthz`, new Agent());
  const closed = service.close();
  answerSlow();
  expect((await slow).headers.connection).toBe('close');
  await closed;
});

it('a server that nobody is connected to ends at once', async () => {
  const { service } = await start();
  const beganMs = performance.now();
  await service.close();
  expect(performance.now() - beganMs).toBeLessThan(500);
});
