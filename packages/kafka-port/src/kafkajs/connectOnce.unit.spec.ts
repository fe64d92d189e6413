import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { connectOnce } from './connectOnce.ts';
import type { HoldsConnections } from './connectOnce.ts';

interface Pool {
  readonly pool: HoldsConnections['connectionPool']['pool'];
  getConnection(index: number): Promise<{ disconnect(): Promise<unknown> }>;
}
/** What kafkajs's brokers send their requests by. */
const ConnectionPool = createRequire(import.meta.url)(
  'kafkajs/src/network/connectionPool.js',
) as new (options: object) => Pool;

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const FETCHES = 1;

/** Connects a turn later, as sockets do; or says that nobody listens. */
class Socket extends EventEmitter {
  setKeepAlive = silent;
  end = silent;
  unref = silent;
}

function brokerOf(answer: () => 'open' | 'refused'): {
  readonly broker: { readonly connectionPool: Pool };
  readonly sockets: Socket[];
} {
  const sockets: Socket[] = [];
  const connectionPool = new ConnectionPool({
    host: 'broker',
    port: 1,
    clientId: 'test',
    connectionTimeout: 1_000,
    requestTimeout: 1_000,
    logger: { ...logger, namespace: () => logger },
    socketFactory: ({ onConnect }: { readonly onConnect: () => void }) => {
      const socket = new Socket();
      sockets.push(socket);
      setImmediate(() => {
        if (answer() === 'open') onConnect();
        else socket.emit('error', new Error('refused'));
      });
      return socket;
    },
  });
  return { broker: { connectionPool }, sockets };
}

describe("a broker's connection that requests of one moment find closed", () => {
  it('is opened once', async () => {
    const { broker, sockets } = brokerOf(() => 'open');
    connectOnce(broker);
    connectOnce(broker);
    const { connectionPool: pool } = broker;
    const [one, other] = await Promise.all([
      pool.getConnection(FETCHES),
      pool.getConnection(FETCHES),
    ]);
    expect(other).toBe(one);
    expect(sockets).toHaveLength(1);
    await one.disconnect();
    await pool.getConnection(FETCHES);
    expect(sockets).toHaveLength(2);
  });

  it('fails for all of them, and is opened anew by the next', async () => {
    const answers = ['refused', 'open'] as const;
    const { broker, sockets } = brokerOf(() => answers[sockets.length - 1] ?? 'open');
    connectOnce(broker);
    const { connectionPool: pool } = broker;
    const failed = [pool.getConnection(FETCHES), pool.getConnection(FETCHES)];
    for (const each of await Promise.allSettled(failed)) expect(each.status).toBe('rejected');
    await pool.getConnection(FETCHES);
    expect(sockets).toHaveLength(2);
  });

  it('is opened for each of them by kafkajs itself: else nobody need teach it', async () => {
    const { broker, sockets } = brokerOf(() => 'open');
    const { connectionPool: pool } = broker;
    await Promise.all([pool.getConnection(FETCHES), pool.getConnection(FETCHES)]);
    expect(sockets).toHaveLength(2);
  });
});
