import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.unref();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => {
        resolve(bound);
      });
    });
  });
}

/**
 * A loopback port that nothing listens on: `preferred` when it is free, otherwise one that the
 * kernel picks. Another process may take it before the caller does, so a part that fails to bind
 * has to be started again with a new port.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined) {
    try {
      return await listenOnce(preferred);
    } catch {
      // Taken, or not ours to bind: any other will do.
    }
  }
  return listenOnce(0);
}
