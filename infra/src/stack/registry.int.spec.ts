import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasReadItsJournal } from './registry.ts';

/** Answers as the registry does while it reads its journal: the API at once, health at the end. */
let replaying = true;
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((request, response) => {
    const isHealth = request.url === '/health/ready';
    response.writeHead(isHealth && replaying ? 503 : 200, { 'content-type': 'application/json' });
    response.end('[]');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('a registry that was started again', () => {
  it('is not ready while its API answers with half of its journal', async () => {
    replaying = true;
    expect(await hasReadItsJournal(port)).toBe(false);
    replaying = false;
    expect(await hasReadItsJournal(port)).toBe(true);
  });

  it('is not ready while nothing listens', async () => {
    expect(await hasReadItsJournal(1)).toBe(false);
  });
});
