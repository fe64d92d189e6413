import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Problem } from '@prorata/service-runtime';
import express from 'express';
import type { ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intakeRoutes } from './intakeRoutes.ts';

let server: Server;
let url: string;
let sent = 0;

beforeAll(async () => {
  const app = express().use(express.json());
  const count = (): Promise<void> => {
    sent += 1;
    return Promise.resolve();
  };
  intakeRoutes(app, { sendUsage: count, sendReport: count, close: count });
  // Express knows a handler of errors by its four parameters.
  const answerFault: ErrorRequestHandler = (fault, _request, response, next) => {
    const { status, code, violations } = fault as Problem;
    if (response.headersSent) next(fault);
    else response.status(status).json({ code, paths: violations?.map(({ path }) => path) });
  };
  app.use(answerFault);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

async function post(path: string, body: object): Promise<readonly [number, unknown]> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}

describe('records whose form is wrong', () => {
  it.each([
    ['/v1/usage', {}, '/records'],
    ['/v1/usage', { records: {} }, '/records'],
    ['/v1/usage', { records: Array.from({ length: 1_001 }, () => ({})) }, '/records'],
    ['/v1/reports', { reports: [{ application: 1 }] }, '/reports/0/application'],
    ['/v1/demands', { reports: [{ demands: [{ used: 'x' }] }] }, '/reports/0/demands/0/used'],
  ])('are answered as commands are, with what is wrong: %s %.40j', async (path, body, at) => {
    const [status, answer] = await post(path, body);
    expect([status, answer]).toEqual([
      422,
      { code: 'RECORDS_INVALID', paths: expect.arrayContaining([at]) as string[] },
    ]);
    expect(sent).toBe(0);
  });
});
