import { setTimeout as delay } from 'node:timers/promises';
import { createCodec, readSettings } from '@prorata/service-runtime';
import type { Settings } from '@prorata/service-runtime';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, LogRecord } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec, CommandOutcome, EventMessage } from '@prorata/schemas';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { startCommandService } from '../src/index.ts';
import type {
  CommandServiceOptions,
  CommandServiceRole,
  RunningCommandService,
} from '../src/index.ts';
import { post, registerApplication } from './commands.ts';
import { makeSecrets, tokenIssuer } from './secrets.ts';
import type { TestSecrets } from './secrets.ts';

/** A namespace with its secrets, and what a test does in it as somebody who may do all. */
export interface TestDeployment {
  readonly namespace: string;
  readonly secrets: TestSecrets;
  readonly port: LogPort;
  readonly codec: Codec;
  settings(principal: 'gateway' | 'writer'): Settings;
  environment(principal: 'gateway' | 'writer'): Record<string, string>;
  start(role: CommandServiceRole, options?: CommandServiceOptions): Promise<RunningCommandService>;
  topic(name: string): string;
  records(topic: string, partition?: number): Promise<LogRecord[]>;
  events(): Promise<EventMessage[]>;
  outcomes(partition?: number): Promise<CommandOutcome[]>;
  close(): Promise<void>;
}

const PARTITIONS = 4;

export async function deploy(): Promise<TestDeployment> {
  const namespace = await freshNamespace({ apply: true });
  const secrets = await makeSecrets();
  const port = connectKafka(kafkaConnection());
  const environment = (principal: 'gateway' | 'writer'): Record<string, string> =>
    environmentOf(principal, namespace, secrets);
  const settings = (principal: 'gateway' | 'writer'): Settings =>
    readSettings(environment(principal));
  const codec = createCodec(settings('writer'));
  const running: RunningCommandService[] = [];
  const topic = (name: string): string => inNamespace(name, namespace);
  const records = async (name: string, only?: number): Promise<LogRecord[]> => {
    const found: LogRecord[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      if (only !== undefined && only !== partition) continue;
      const place = { topic: topic(name), partition };
      await port.log.readToEnd(place, 0n, (batch) => void found.push(...batch));
    }
    return found;
  };
  return {
    namespace,
    secrets,
    port,
    codec,
    settings,
    environment,
    topic,
    records,
    async start(role, options) {
      const service = await startCommandService(
        role,
        settings(role === 'writer' ? 'writer' : 'gateway'),
        { sessionTimeoutMs: 6_000, ...options },
      );
      running.push(service);
      return service;
    },
    async events() {
      const messages = await Promise.all(
        (await records('quota.events')).map((record) => codec.decode(record.value)),
      );
      return messages as EventMessage[];
    },
    async outcomes(partition) {
      const messages = await Promise.all(
        (await records('quota.outcomes', partition)).map((record) => codec.decode(record.value)),
      );
      return messages.map((message) => message.value as CommandOutcome);
    },
    async close() {
      await Promise.all(running.map((service) => service.stop()));
      await port.close();
      await secrets.remove();
    },
  };
}

/** A deployment with an application, a gateway, and a writer that serves all partitions. */
export async function deployServing(
  application: string,
  options: CommandServiceOptions = {},
): Promise<{ readonly deployment: TestDeployment; readonly url: string; readonly token: string }> {
  const deployment = await deploy();
  try {
    const [gateway, writer] = await Promise.all([
      deployment.start('gateway'),
      deployment.start('writer', options),
    ]);
    const { url } = gateway;
    const token = deployment.secrets.token();
    await eventually('the writer serves all partitions', () => servesAll(writer.url));
    const { status } = await post(url, token, registerApplication(application));
    if (status !== 200) throw new Error(`${application} is not registered: ${status}.`);
    return { deployment, url, token };
  } catch (error) {
    await deployment.close();
    throw error;
  }
}

function environmentOf(
  principal: 'gateway' | 'writer',
  namespace: string,
  secrets: TestSecrets,
): Record<string, string> {
  const { brokers, subjectsUrl, passwords } = sharedStack();
  return {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: principal,
    KAFKA_SASL_PASSWORD: passwords[principal],
    SCHEMA_REGISTRY_URL: subjectsUrl,
    PRORATA_NAMESPACE: namespace,
    PRORATA_TOKEN_ISSUER: tokenIssuer,
    PRORATA_TOKEN_JWKS_FILE: secrets.jwksFile,
    PRORATA_SIGNING_KEY_FILE: secrets.keyFile,
    PRORATA_SIGNING_KEY_ID: secrets.keyId,
    PRORATA_SIGNING_PUBLIC_KEYS_FILE: secrets.publicKeysFile,
    // Often, so that a restart in a test begins at a snapshot.
    PRORATA_SNAPSHOT_EVENTS: '5',
    PRORATA_LOG_LEVEL: process.env['PRORATA_TEST_LOG_LEVEL'] ?? 'fatal',
  };
}

/** Waits until `condition` holds, 30 s at the most. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`It never came about that ${what}.`);
    await delay(50);
  }
}

/** Whether the writer at the address is ready and owns every partition. */
export async function servesAll(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { name: string; ok: boolean }[] };
  return (
    response.ok && checks.filter(({ name }) => name.startsWith('partition')).length === PARTITIONS
  );
}

/** Whether the writer at the address is ready and owns a partition. */
export async function servesAny(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { name: string }[] };
  return response.ok && checks.some(({ name }) => name.startsWith('partition'));
}

/** The partitions that the writer at the address serves; none while it serves one of its own not yet. */
export async function partitionsServed({ url }: { readonly url: string }): Promise<string[]> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { name: string }[] };
  if (!response.ok) return [];
  return checks.map(({ name }) => name).filter((name) => name.startsWith('partition'));
}
