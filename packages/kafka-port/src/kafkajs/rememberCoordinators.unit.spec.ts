import { createRequire } from 'node:module';
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

  findGroupCoordinator(): Promise<never> {
    return Promise.reject(new Error('not asked here'));
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

  it('is asked for by methods that the cluster clients of this kafkajs have', () => {
    const kafka = createClient({ clientId: 'test', brokers: ['localhost:1'] });
    const asks = Object.getPrototypeOf(borrowCluster(kafka)) as object;
    expect(Object.hasOwn(asks, 'findGroupCoordinatorMetadata')).toBe(true);
    expect(Object.hasOwn(asks, 'findGroupCoordinator')).toBe(true);
  });
});

interface Transactions {
  initProducerId(): Promise<void>;
  beginTransaction(): void;
  addPartitionsToTransaction(topics: readonly object[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}
/** What kafkajs's producers run their transactions with. */
const createTransactions = createRequire(import.meta.url)(
  'kafkajs/src/producer/eosManager/index.js',
) as (options: object) => Transactions;

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Coordinated by broker 1 until the coordinator moves; refusals say why one that has moved refuses. */
class MovingCluster {
  readonly asked: string[] = [];
  readonly #refusal: string;
  #coordinator = 1;

  constructor(refusal: string) {
    this.#refusal = refusal;
  }

  move(): void {
    this.#coordinator += 1;
  }

  refreshMetadataIfNecessary(): Promise<void> {
    return Promise.resolve();
  }

  findGroupCoordinatorMetadata({ groupId }: Question): Promise<CoordinatorMetadata> {
    expect(groupId).toBe('one');
    this.asked.push('who');
    const coordinator = { nodeId: this.#coordinator, host: '', port: 0 };
    return Promise.resolve({ errorCode: 0, coordinator });
  }

  async findGroupCoordinator(question: Question) {
    const { coordinator } = await this.findGroupCoordinatorMetadata(question);
    return this.#broker(coordinator.nodeId);
  }

  #broker(nodeId: number) {
    const answer = (request: string) => (): Promise<object> => {
      this.asked.push(`${request} ${nodeId}`);
      if (nodeId === this.#coordinator)
        return Promise.resolve({ producerId: '1', producerEpoch: 0 });
      const fault = { name: 'KafkaJSProtocolError', type: this.#refusal, retriable: true };
      return Promise.reject(Object.assign(new Error('moved'), fault));
    };
    return {
      initProducerId: answer('init'),
      addPartitionsToTxn: answer('add'),
      addOffsetsToTxn: answer('offsets'),
      endTxn: answer('end'),
    };
  }
}

async function openTransaction(
  refusal = 'NOT_COORDINATOR_FOR_GROUP',
): Promise<{ cluster: MovingCluster; transaction: Transactions }> {
  class Taught extends MovingCluster {}
  rememberIn(Taught.prototype, () => 0);
  const cluster = new Taught(refusal);
  const options = { logger, cluster, transactional: true, transactionalId: 'one' };
  const transaction = createTransactions(options);
  await transaction.initProducerId();
  transaction.beginTransaction();
  await transaction.addPartitionsToTransaction([{ topic: 'x', partitions: [{ partition: 0 }] }]);
  cluster.asked.length = 0;
  return { cluster, transaction };
}

describe('a transaction whose coordinator moves while it is open', () => {
  it.each(['commit', 'abort'] as const)('goes through its %s at the new one', async (end) => {
    const { cluster, transaction } = await openTransaction();
    cluster.move();
    await transaction[end]();
    expect(cluster.asked).toEqual(['end 1', 'who', 'end 2']);
  });

  it('asks nobody anew while nothing moves', async () => {
    const { cluster, transaction } = await openTransaction();
    await transaction.commit();
    expect(cluster.asked).toEqual(['end 1']);
  });

  it.each(['GROUP_COORDINATOR_NOT_AVAILABLE', 'ECONNRESET'])(
    'is not ended twice after %s, and its coordinator is forgotten',
    async (refusal) => {
      const { cluster, transaction } = await openTransaction(refusal);
      cluster.move();
      await expect(transaction.commit()).rejects.toThrow('moved');
      expect(cluster.asked).toEqual(['end 1']);
      await cluster.findGroupCoordinatorMetadata({ groupId: 'one', coordinatorType: TRANSACTION });
      expect(cluster.asked.at(-1)).toBe('who');
    },
  );

  it('is tried at one further broker, and no more', async () => {
    const { cluster, transaction } = await openTransaction();
    cluster.move();
    const find = cluster.findGroupCoordinatorMetadata.bind(cluster);
    cluster.findGroupCoordinatorMetadata = async (question) => {
      const found = await find(question);
      if (cluster.asked.at(-1) === 'who') cluster.move();
      return found;
    };
    await expect(transaction.commit()).rejects.toThrow('moved');
    expect(cluster.asked).toEqual(['end 1', 'who', 'end 2']);
  });
});
