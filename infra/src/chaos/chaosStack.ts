import path from 'node:path';
import type { KafkaConnection } from '@prorata/kafka-port';
import { applyManifest } from '../apply/applyManifest.ts';
import { describeDifference } from '../apply/difference.ts';
import { checkoutDirectory } from '../checkout.ts';
import type { Progress } from '../provision/progress.ts';
import { freePort } from '../stack/freePort.ts';
import type { JvmParts } from '../stack/jvmParts.ts';
import { startKafka } from '../stack/kafka.ts';
import { startPostgres } from '../stack/postgres.ts';
import { provideDatabase } from '../stack/provideDatabase.ts';
import { provideJvmParts } from '../stack/provideJvmParts.ts';
import { preparePlan } from '../stack/preparePlan.ts';
import type { Principal } from '../stack/principals.ts';
import { startRegistry } from '../stack/registry.ts';
import { addressesOf, serviceEnvironment } from '../stack/stackPlan.ts';
import type { StackPlan } from '../stack/stackPlan.ts';
import { servicePrograms } from '../stack/stackParts.ts';
import type { ServiceName } from '../stack/stackParts.ts';
import { isReady } from '../stack/startPart.ts';
import { startProcess } from '../stack/startProcess.ts';
import type { RunningPart } from '../stack/startProcess.ts';
import { SupervisedPart } from './supervisedPart.ts';

/** Writers share the partitions, gateways the callers: a blow hits one of them. */
const WRITERS = 2;
const GATEWAYS = 2;
/** Soon enough that a minute holds several takeovers, milliseconds. */
const SESSION_MS = 6_000;
/** How long a caller's request waits for its outcome before it is told that it is unknown, milliseconds. */
const OUTCOME_TIMEOUT_MS = 3_000;
/** A part may have to wait for others that are down, milliseconds. */
const READY_TIMEOUT_MS = 120_000;
const GRACE_MS = 5_000;

export interface ChaosStack {
  readonly brokers: readonly SupervisedPart[];
  readonly writers: readonly SupervisedPart[];
  readonly gateways: readonly SupervisedPart[];
  /** The projector, the registry and the database. */
  readonly others: readonly SupervisedPart[];
  readonly gatewayUrls: readonly string[];
  readonly registryUrl: string;
  readonly secretsDirectory: string;
  connectionOf(principal: Principal): KafkaConnection;
  stop(): Promise<void>;
}

interface Place {
  readonly plan: StackPlan;
  readonly jvm: JvmParts;
  readonly brokerPorts: readonly number[];
  readonly tell: Progress;
}

/** Everything real, of everything that is struck at least one, each supervised. @throws PartDidNotStart */
export async function startChaosStack(
  directory: string,
  brokers: number,
  tell: Progress,
): Promise<ChaosStack> {
  const plan = await preparePlan({ directory });
  const jvm = await provideJvmParts(tell);
  const ports = await severalPorts(brokers * 2);
  const brokerPorts = ports.slice(0, brokers);
  const place: Place = { plan, jvm, brokerPorts, tell };
  const started: SupervisedPart[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const begin = async (parts: readonly SupervisedPart[]): Promise<void> => {
    started.push(...parts);
    await Promise.all(parts.map((part) => part.begin()));
  };
  try {
    const kafka = kafkaParts(place, ports.slice(brokers));
    await begin(kafka);
    const [registry, postgres] = [registryPart(place), postgresPart(place)];
    await begin([registry, postgres]);
    await prepare(place);
    const writers = await services(place, 'writer', WRITERS, [
      '--session-timeout-ms',
      String(SESSION_MS),
    ]);
    const gateways = await services(place, 'gateway', GATEWAYS, [
      '--outcome-timeout-ms',
      String(OUTCOME_TIMEOUT_MS),
    ]);
    const projectors = await services(place, 'projector', 1, []);
    await begin([...writers, ...gateways, ...projectors].map(({ part }) => part));
    return {
      brokers: kafka,
      writers: writers.map(({ part }) => part),
      gateways: gateways.map(({ part }) => part),
      others: [registry, postgres, ...projectors.map(({ part }) => part)],
      gatewayUrls: gateways.map(({ url }) => url),
      registryUrl: addressesOf(plan).registry,
      secretsDirectory: plan.secrets.directory,
      connectionOf: (principal) => connectionOf(place, principal),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function severalPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

function connectionOf({ plan, brokerPorts }: Place, principal: Principal): KafkaConnection {
  const password = plan.secrets.passwords[principal];
  return {
    clientId: `chaos-${principal}`,
    brokers: brokerPorts.map((port) => `127.0.0.1:${port}`),
    sasl: { mechanism: 'plain', username: principal, password },
  };
}

function kafkaParts(place: Place, controllerPorts: readonly number[]): SupervisedPart[] {
  const { plan, jvm, brokerPorts, tell } = place;
  return brokerPorts.map((port, index) => {
    const nodeId = index + 1;
    const start = (): Promise<RunningPart> =>
      startKafka({
        directory: path.join(plan.directory, `kafka-${nodeId}`),
        jvm,
        passwords: plan.secrets.passwords,
        port,
        quorum: { nodeId, controllerPorts },
      });
    return new SupervisedPart(`broker ${nodeId}`, start, tell);
  });
}

function registryPart(place: Place): SupervisedPart {
  const { plan, jvm, tell } = place;
  const start = (): Promise<RunningPart> =>
    startRegistry({
      directory: path.join(plan.directory, 'registry'),
      jvm,
      port: plan.ports.registry,
      connection: connectionOf(place, 'registry'),
    });
  return new SupervisedPart('registry', start, tell);
}

function postgresPart({ plan, tell }: Place): SupervisedPart {
  const start = (): Promise<RunningPart> =>
    startPostgres({
      directory: path.join(plan.directory, 'postgres'),
      port: plan.ports.postgres,
      password: plan.secrets.databasePassword,
    });
  return new SupervisedPart('postgres', start, tell);
}

async function prepare(place: Place): Promise<void> {
  const { registry } = addressesOf(place.plan);
  await provideDatabase(place.plan);
  const applied = await applyManifest({
    connection: connectionOf(place, 'admin'),
    registryUrl: registry,
    replication: place.brokerPorts.length,
  });
  if (applied.kind === 'refused')
    throw new Error(applied.differences.map(describeDifference).join('\n'));
}

async function services(
  { plan, brokerPorts, tell }: Place,
  service: ServiceName,
  count: number,
  parameters: readonly string[],
): Promise<{ readonly part: SupervisedPart; readonly url: string }[]> {
  const [program = '', ...fixed] = servicePrograms[service];
  const ports = await severalPorts(count);
  return ports.map((port, index) => {
    const name = `${service} ${index + 1}`;
    const start = (): Promise<RunningPart> =>
      startProcess({
        name,
        command: process.execPath,
        arguments: [path.join(checkoutDirectory, program), ...fixed, ...parameters],
        environment: {
          NODE_NO_WARNINGS: '1',
          ...serviceEnvironment(plan, service),
          KAFKA_BROKERS: brokerPorts.map((each) => `127.0.0.1:${each}`).join(','),
          PRORATA_HTTP_PORT: String(port),
        },
        workingDirectory: plan.directory,
        logFile: path.join(plan.directory, 'logs', `${service}-${index + 1}.log`),
        ready: () => isReady(port),
        readyTimeoutMs: READY_TIMEOUT_MS,
        graceMs: GRACE_MS,
      });
    return { part: new SupervisedPart(name, start, tell), url: `http://127.0.0.1:${port}` };
  });
}
