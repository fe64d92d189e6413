import { connectKafka } from '@prorata/kafka-port';
import { topicManifest } from '@prorata/schemas';
import { createDatabase } from '../../stack/createDatabase.ts';
import { freePort } from '../../stack/freePort.ts';
import type { LocalStack } from '../../localStack.ts';
import type { RunningPart } from '../../stack/startProcess.ts';
import { startPeer } from '../peers/startPeer.ts';

export type SideName = 'ours' | 'bare' | 'emmett';

/** One of those that are measured; all of them stand on the same Kafka, Postgres and machine. */
export interface Side {
  readonly name: SideName;
  readonly url: string;
}

export interface Sides {
  readonly sides: readonly Side[];
  stop(): Promise<void>;
}

const BARE = { commands: 'bench.commands', events: 'bench.events', outcomes: 'bench.outcomes' };

/** Starts the peers beside the stack. The stage of ours must be set by the caller. */
export async function startSides(stack: LocalStack, signal: AbortSignal): Promise<Sides> {
  const parts: RunningPart[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.stop()));
  };
  const start = async (
    name: string,
    program: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<void> => {
    parts.push(await startPeer({ name, program, environment, directory: stack.directory, signal }));
  };
  try {
    const barePort = await freePort();
    const environment = await bareEnvironment(stack);
    await start('bare-writer', ['bareServer.ts', 'writer'], environment);
    await start('bare-gateway', ['bareServer.ts', 'gateway', String(barePort)], environment);
    const emmettPort = await freePort();
    const database = await emmettDatabase(stack);
    await start('emmett', ['emmettServer.ts', String(emmettPort)], { DATABASE_URL: database });
    const local = (port: number): string => `http://127.0.0.1:${port}`;
    return {
      sides: [
        { name: 'ours', url: stack.addresses.gateway },
        { name: 'bare', url: local(barePort) },
        { name: 'emmett', url: local(emmettPort) },
      ],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Topics of its own, with as many partitions and copies as ours have. */
async function bareEnvironment(stack: LocalStack): Promise<Record<string, string>> {
  const { connection, replication = 1 } = stack.manifestTarget;
  const partitions = topicManifest.partitions.local;
  const port = connectKafka(connection);
  const admin = await port.admin();
  try {
    await admin.createTopics(
      Object.values(BARE).map((topic) => ({ topic, partitions, replication, configuration: {} })),
    );
  } finally {
    await admin.close();
    await port.close();
  }
  return {
    ...stack.environmentOf('admin'),
    BENCH_TOPICS: JSON.stringify({ ...BARE, partitions }),
  };
}

async function emmettDatabase(stack: LocalStack): Promise<string> {
  const { postgres } = stack.addresses;
  const database = 'emmett';
  await createDatabase(postgres.replace(/\/prorata$/, '/postgres'), database);
  return postgres.replace(/\/prorata$/, `/${database}`);
}
