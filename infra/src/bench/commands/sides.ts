import { connectKafka } from '@prorata/kafka-port';
import { topicManifest } from '@prorata/schemas';
import { createDatabase } from '../../stack/createDatabase.ts';
import { freePort } from '../../stack/freePort.ts';
import type { LocalStack } from '../../localStack.ts';
import type { RunningPart } from '../../stack/startProcess.ts';
import { startPeer } from '../peers/startPeer.ts';

export const sideNames = ['ours', 'bare', 'emmett'] as const;
export type SideName = (typeof sideNames)[number];

/** One of those that are measured; all of them stand on the same Kafka, Postgres and machine. */
export interface Side {
  readonly name: SideName;
  readonly url: string;
  /** Processes by what they do for it. */
  readonly parts: SideParts;
}

/** A side's own processes: not the broker, not the callers, which the sides share. */
export const OWN_PARTS = ['gateway', 'writer'] as const;
export const ALL_PARTS = [...OWN_PARTS, 'broker', 'callers'] as const;
export type SidePart = (typeof ALL_PARTS)[number];
export type SideParts = Readonly<Partial<Record<SidePart, number>>>;

export interface Sides {
  readonly sides: readonly Side[];
  stop(): Promise<void>;
}

const BARE = { commands: 'bench.commands', events: 'bench.events', outcomes: 'bench.outcomes' };

/** Starts the peers beside the stack. The stage of ours must be set by the caller. */
export async function startSides(
  stack: LocalStack,
  wanted: readonly SideName[],
  signal: AbortSignal,
): Promise<Sides> {
  const running: RunningPart[] = [];
  const brokerPid = stack.pidOf('kafka');
  const broker = brokerPid === undefined ? {} : { broker: brokerPid };
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((part) => part.stop()));
  };
  const start = async (
    name: string,
    program: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<number> => {
    const part = await startPeer({
      name,
      program,
      environment,
      directory: stack.directory,
      signal,
    });
    running.push(part);
    return part.pid;
  };
  const startSide: Record<SideName, () => Promise<Omit<Side, 'name'>>> = {
    ours() {
      const parts = { gateway: stack.pidOf('gateway') ?? 0, writer: stack.pidOf('writer') ?? 0 };
      return Promise.resolve({ url: stack.addresses.gateway, parts: { ...parts, ...broker } });
    },
    async bare() {
      const port = await freePort();
      const environment = await bareEnvironment(stack);
      const writer = await start('bare-writer', ['bareServer.ts', 'writer'], environment);
      const program = ['bareServer.ts', 'gateway', String(port)];
      const gateway = await start('bare-gateway', program, environment);
      return { url: local(port), parts: { gateway, writer, ...broker } };
    },
    async emmett() {
      const port = await freePort();
      const environment = { DATABASE_URL: await emmettDatabase(stack) };
      const gateway = await start('emmett', ['emmettServer.ts', String(port)], environment);
      return { url: local(port), parts: { gateway } };
    },
  };
  try {
    const sides: Side[] = [];
    for (const name of wanted) sides.push({ name, ...(await startSide[name]()) });
    return { sides, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const local = (port: number): string => `http://127.0.0.1:${port}`;

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
