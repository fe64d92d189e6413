/** A remote validator as somebody else would write it: a process of its own, its behaviour by path. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const SECRET = process.env['VALIDATOR_SECRET'] ?? '';
const SLOW_MS = 30_000;
/** Slow enough that a flood of questions stands in line. */
const UNHURRIED_MS = 300;
let asked = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const answer = (status: number, json: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(json));
    };
    const observedAt = new Date().toISOString();
    switch (request.url) {
      case '/asked': {
        answer(200, { asked });
        return;
      }
      case '/total': {
        answer(200, { verdict: 'approved', facts: { cores: 100 }, observedAt });
        return;
      }
      case '/unhurried':
        return void setTimeout(() => answer(200, { verdict: 'approved' }), UNHURRIED_MS).unref();
      case '/proposed': {
        const { proposal } = JSON.parse(body) as { proposal?: object };
        answer(200, {
          verdict: proposal === undefined ? 'approved' : 'denied',
          message: JSON.stringify(proposal),
        });
        return;
      }
      case '/deny': {
        answer(200, { verdict: 'denied', message: `Not today: ${typeOf(body)}.` });
        return;
      }
      case '/signed': {
        answer(200, { verdict: isSigned(request.headers, body) ? 'approved' : 'denied' });
        return;
      }
      case '/elsewhere': {
        answer(302, {}, { location: '/total' });
        return;
      }
      case '/endless':
        response.writeHead(200);
        return void response.end(`{"verdict":"approved","message":"${'x'.repeat(200_000)}"}`);
      case '/slow':
        return void setTimeout(() => answer(200, { verdict: 'approved' }), SLOW_MS).unref();
      default:
        asked++;
        {
          answer(500, {});
          return;
        }
    }
  });
});

function typeOf(body: string): string {
  return (JSON.parse(body) as { command: { type: string } }).command.type;
}

function isSigned(headers: Readonly<Record<string, unknown>>, body: string): boolean {
  const [, second = '', given = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['prorata-signature'])) ?? [];
  const expected = createHmac('sha256', SECRET).update(`${second}.${body}`).digest('hex');
  return given === expected && Math.abs(Date.now() / 1_000 - Number(second)) < 60;
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
});
