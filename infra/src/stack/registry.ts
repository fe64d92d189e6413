import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KafkaConnection } from '@prorata/kafka-port';
import { freePort } from './freePort.ts';
import { javaClientSettings } from './javaClientSettings.ts';
import { graceMsOf, jvmFlags } from './jvmParts.ts';
import type { JvmParts } from './jvmParts.ts';
import { startProcess } from './startProcess.ts';
import type { RunningPart, StartOptions } from './startProcess.ts';

export interface RegistryOptions {
  readonly directory: string;
  readonly jvm: JvmParts;
  /** Where the registry keeps everything, in topics of its own; it may start before Kafka serves. */
  readonly connection: KafkaConnection;
  readonly port?: number;
  readonly logFile?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: StartOptions['onSpawn'];
}

export interface RunningRegistry extends RunningPart {
  readonly port: number;
  /** The base of the Confluent-compatible API. */
  readonly url: string;
}

/** About 200 MB are used. */
const heapMax = '-Xmx256m';
/** A cold start beside a starting broker on two cores took 20 s at worst. */
const readyTimeoutMs = 120_000;
const graceMs = 5_000;
/** An answer to the readiness question that takes longer counts as none, milliseconds. */
const askTimeoutMs = 2_000;

/** Kafka's client settings with the password stand in a file for their owner alone, not in `ps`. */
function settings(options: RegistryOptions, port: number, caFile: string): string {
  const lines = [
    `quarkus.http.port=${String(port)}`,
    'quarkus.http.host=127.0.0.1',
    'quarkus.log.level=WARN',
    'quarkus.banner.enabled=false',
    'apicurio.storage.kind=kafkasql',
  ];
  const kafka = javaClientSettings(options.connection, caFile);
  for (const [key, value] of Object.entries(kafka)) {
    lines.push(`apicurio.kafkasql.${key}=${value}`);
    for (const role of ['common', 'producer', 'consumer', 'admin']) {
      lines.push(`apicurio.kafkasql.${role}.${key}=${value}`);
    }
  }
  return lines.join('\n') + '\n';
}

/**
 * Has the registry read all of its journal? Its API answers long before, with what it has read so
 * far, and whoever registers then registers anew what is already there. The health page is out of
 * service until the marker that this very start wrote to the journal's end has come back.
 */
export async function hasReadItsJournal(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${String(port)}/health/ready`, {
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** Does it answer, whatever it says? One that stands still accepts connections, too. */
export async function registryAnswers(url: string, deadlineMs: number): Promise<boolean> {
  const asked = fetch(`${url}/subjects`, { signal: AbortSignal.timeout(deadlineMs) });
  return asked.then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}

/**
 * Starts a schema registry with the Confluent API on loopback; resolves once it knows all it ever stored.
 * @throws PartDidNotStart
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { jvm } = options;
  const port = options.port ?? (await freePort());
  const configuration = path.join(options.directory, 'config');
  await mkdir(configuration, { recursive: true, mode: 0o700 });
  const file = path.join(configuration, 'application.properties');
  const caFile = path.join(configuration, 'kafka-ca.pem');
  const { tls } = options.connection;
  if (typeof tls === 'object') await writeFile(caFile, tls.ca);
  await writeFile(file, settings(options, port, caFile), { mode: 0o600 });
  const url = `http://127.0.0.1:${String(port)}/apis/ccompat/v7`;
  const part = await startProcess({
    name: 'registry',
    command: jvm.java,
    // Quarkus reads ./config/application.properties of the folder it runs in.
    workingDirectory: options.directory,
    arguments: [...jvmFlags(jvm.classes.registry), heapMax, '-jar', jvm.registryJar],
    logFile: options.logFile ?? path.join(options.directory, 'registry.log'),
    ready: () => hasReadItsJournal(port),
    readyTimeoutMs,
    graceMs: graceMsOf(jvm.classes.registry, graceMs),
    signal: options.signal,
    onSpawn: options.onSpawn,
  });
  return { ...part, port, url };
}
