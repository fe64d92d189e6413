import type { CoordinatorMetadata } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { borrowCluster } from './borrowCluster.ts';
import { rememberIn } from './rememberCoordinators.ts';

const GROUP = 0;
const TRANSACTION = 1;

interface Question {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

/** Its second question fails. */
class Client {
  readonly questions: Question[] = [];

  get asked(): number {
    return this.questions.length;
  }

  findGroupCoordinatorMetadata(question: Question): Promise<CoordinatorMetadata> {
    this.questions.push(question);
    if (this.asked === 2) return Promise.reject(new Error('away'));
    const coordinator = { nodeId: this.asked, host: '', port: 0 };
    return Promise.resolve({ errorCode: 0, coordinator });
  }
}

function taughtClients(): {
  readonly clients: readonly [Client, Client];
  readonly at: (nowMs: number) => void;
} {
  class Taught extends Client {}
  const clock = { nowMs: 0 };
  rememberIn(Taught.prototype, () => clock.nowMs);
  return {
    clients: [new Taught(), new Taught()],
    at(nowMs) {
      clock.nowMs = nowMs;
    },
  };
}

const find = (client: Client, groupId: string, coordinatorType: number): Promise<unknown> =>
  client.findGroupCoordinatorMetadata({ groupId, coordinatorType });

describe('who coordinates a transaction', () => {
  it('is asked for once a second, by each client and for each id', async () => {
    const { clients, at } = taughtClients();
    const [one, other] = clients;
    const first = await find(one, 'a', TRANSACTION);
    at(999);
    expect(await find(one, 'a', TRANSACTION)).toBe(first);
    await find(other, 'a', TRANSACTION);
    expect([one.asked, other.asked]).toEqual([1, 1]);
    at(1_000);
    await expect(find(one, 'a', TRANSACTION)).rejects.toThrow('away');
    expect(await find(one, 'a', TRANSACTION)).not.toBe(first);
    await find(one, 'b', TRANSACTION);
    expect(one.asked).toBe(4);
  });

  it("is remembered of transactions alone: a group's members ask each time", async () => {
    const { clients } = taughtClients();
    const [client] = clients;
    await find(client, 'a', GROUP);
    await expect(find(client, 'a', GROUP)).rejects.toThrow('away');
    expect(client.asked).toBe(2);
  });

  it('is asked for by a method that the cluster clients of this kafkajs have', () => {
    const kafka = createClient({ clientId: 'test', brokers: ['localhost:1'] });
    const asks = Object.getPrototypeOf(borrowCluster(kafka)) as object;
    expect(Object.hasOwn(asks, 'findGroupCoordinatorMetadata')).toBe(true);
  });
});
