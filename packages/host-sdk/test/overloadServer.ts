import process from 'node:process';
import { expressQuota } from '@prorata/host-sdk/express';
import { overloadGate } from '@prorata/host-sdk/overload';
import { startHost } from '@prorata/host-sdk';
import express from 'express';
import { RecordingChannel, ToldSource, wholeSet } from './fixtures.ts';

/** A server whose requests take a processor's time; `gated` as an argument puts the gate before them. */
const SERVICE_MS = 4;

const source = new ToldSource();
const isGated = process.argv.includes('gated');
const starting = startHost({
  application: 'moka',
  rules: source,
  usage: new RecordingChannel(),
  ...(isGated ? { overload: overloadGate() } : {}),
});
(await source.sink).replaceAll(wholeSet([]));
const host = await starting;
const app = express();
app.use(
  expressQuota({
    host,
    quota: host.bind({ quota: 'moka/ads' }),
    tier: (request) => Number(request.headers['x-tier'] ?? 2),
  }),
);
app.get('/', (_request, response) => {
  const until = performance.now() + SERVICE_MS;
  while (performance.now() < until);
  response.send('served');
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
