import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { createService } from './service.ts';
import type { Patience, Service } from './service.ts';

const ANSWER_BYTES = 32 * 1_024 * 1_024;
const PATIENCE: Patience = {
  headersMs: 150,
  requestMs: 300,
  idleMs: 5_000,
  answerMs: 300,
  lookMs: 50,
  lastAnswersMs: 0,
};

let service: Service | null = null;
let answers: Response[] = [];
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await service?.close();
  answers = [];
  sockets = [];
});

async function open(patience: Partial<Patience> = {}): Promise<Socket> {
  service = createService({
    name: 'test',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: { handler: (_request, _response, next) => next(), assertCovers: () => undefined },
    ready: () => [],
    patience: { ...PATIENCE, ...patience },
    routes(router) {
      router.post('/v1/echo', (request, response) => void response.json(request.body));
      router.get('/v1/large', (_request, response) => {
        answers.push(response);
        response.send(Buffer.alloc(ANSWER_BYTES));
      });
    },
  });
  const { port } = new URL((await service.listen()).url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** All that comes until the server ends the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const head = 'POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

/** A byte now and then, so that the connection is never idle. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 20);
  socket.once('close', () => clearInterval(timer));
}

describe('a client that is slow', () => {
  it('with its head is told so and cut off, however it drips', async () => {
    const socket = await open();
    socket.write(head);
    drip(socket, 'x-more: y\r\n');
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
  });

  it('with its body is told so and cut off, however it drips', async () => {
    const socket = await open();
    socket.write(`${head}content-length: 100000\r\n\r\n`);
    drip(socket, ' ');
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
  });

  it('with its answer, reading on a little, does not hold it in memory', async () => {
    const socket = await open();
    socket.pause();
    socket.write('GET /v1/large HTTP/1.1\r\nhost: x\r\n\r\n');
    const timer = setInterval(() => void socket.read(1), 20);
    while (answers.length === 0) await sleep(10);
    const [answer] = answers;
    expect(answer?.writableLength, 'held while it waits').toBeGreaterThan(ANSWER_BYTES / 2);
    while (answer?.destroyed !== true) await sleep(10);
    clearInterval(timer);
    expect(answer.socket?.destroyed ?? true, 'nothing is held by it any more').toBe(true);
  });

  it('and reads nothing at all is cut off by silence', async () => {
    const socket = await open({ answerMs: 60_000, idleMs: 200 });
    socket.pause();
    socket.write('GET /v1/large HTTP/1.1\r\nhost: x\r\n\r\n');
    while (answers[0]?.destroyed !== true) await sleep(10);
    expect(answers[0].socket?.destroyed ?? true).toBe(true);
  });

  it('but takes its whole answer in time gets all of it', async () => {
    const socket = await open({ answerMs: 4_000 });
    socket.write('GET /v1/large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect((await answerOf(socket)).length).toBeGreaterThan(ANSWER_BYTES);
  });
});

describe('a head that is too large', () => {
  it('is refused as such before anything works on it', async () => {
    const socket = await open();
    socket.write(`${head}x-much: ${'y'.repeat(30_000)}\r\n\r\n`);
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"HEADERS_TOO_LARGE"');
  });
});
