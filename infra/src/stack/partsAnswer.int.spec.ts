import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { kafkaConnection, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaAnswers } from './kafkaAnswers.ts';
import { postgresAnswers } from './postgresAnswers.ts';
import { registryAnswers } from './registry.ts';

const DEADLINE_MS = 5_000;
/** For what never answers. */
const SHORT_MS = 200;

/** Accepts, reads and says nothing, as the kernel does for a process that stands still. */
let silent: Server;
let address = '';
const sockets: Socket[] = [];
beforeAll(async () => {
  silent = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

describe('a part that runs', () => {
  it('answers: the broker, the registry and the database', async () => {
    const { registryUrl, databaseUrl } = sharedStack();
    expect(await kafkaAnswers(kafkaConnection(), DEADLINE_MS)).toBe(true);
    expect(await registryAnswers(registryUrl, DEADLINE_MS)).toBe(true);
    expect(await postgresAnswers(databaseUrl, DEADLINE_MS)).toBe(true);
  });

  it('answers to whom it does not let in, and when another broker of the list is away', async () => {
    const stranger = sharedStack().databaseUrl.replace(/:[^:@/]+@/, ':wrong@');
    expect(await postgresAnswers(stranger, DEADLINE_MS)).toBe(true);
    const brokers = ['127.0.0.1:1', ...kafkaConnection().brokers];
    expect(await kafkaAnswers({ clientId: 'test', brokers }, DEADLINE_MS)).toBe(true);
  });
});

describe('a part that stands still', () => {
  it('does not answer, though it accepts connections', async () => {
    expect(await kafkaAnswers({ clientId: 'test', brokers: [address] }, SHORT_MS)).toBe(false);
    expect(await registryAnswers(`http://${address}/apis/ccompat/v7`, SHORT_MS)).toBe(false);
    expect(await postgresAnswers(`postgresql://a:b@${address}/c`, SHORT_MS)).toBe(false);
  });

  it('is as one that is away', async () => {
    const brokers = ['127.0.0.1:1'];
    expect(await kafkaAnswers({ clientId: 'test', brokers }, SHORT_MS)).toBe(false);
  });
});
