/** A peer's process: `bareServer.ts gateway PORT` or `bareServer.ts writer`; connection and topics in the environment. */
import { startBareGateway, startBareWriter } from '@prorata/kafka-port/bench';
import type { BareTopics } from '@prorata/kafka-port/bench';
import { readLogSettings } from '@prorata/service-runtime';
import express from 'express';
import { READY_SIGN } from './readySign.ts';

const { kafka } = readLogSettings(process.env);
const topics = JSON.parse(process.env['BENCH_TOPICS'] ?? '{}') as BareTopics;
const [role, port] = process.argv.slice(2);
const connection = {
  clientId: `bench-bare-${role ?? ''}`,
  brokers: kafka.brokers,
  ...(kafka.tls === false ? {} : { tls: kafka.tls }),
  ...(kafka.sasl === null ? {} : { sasl: kafka.sasl }),
};

if (role === 'writer') {
  await startBareWriter(connection, topics);
  process.stdout.write(`${READY_SIGN}\n`);
} else {
  const gateway = await startBareGateway(connection, topics);
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json());
  app.post('/v1/commands', async (request, response) => {
    const commandId = request.get('idempotency-key') ?? '';
    const body = request.body as { readonly stream: string };
    response.json(await gateway.submit({ ...body, commandId }));
  });
  app.listen(Number(port), '127.0.0.1', () => process.stdout.write(`${READY_SIGN}\n`));
}
