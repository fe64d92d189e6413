import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freshDatabase, sharedStack } from './sharedStack.ts';

function accepts(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host!, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('the shared stack', () => {
  it('has a broker, a registry and a database', async () => {
    const stack = sharedStack();
    expect(await accepts(stack.brokers[0]!)).toBe(true);
    const subjects = await fetch(`${stack.registryUrl}/subjects`);
    expect(subjects.status).toBe(200);
  });

  it('gives every caller a database of its own', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()];
    expect(one).not.toBe(other);
    expect(new URL(one).host).toBe(new URL(sharedStack().databaseUrl).host);
  });
});
