import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory } from '../checkout.ts';
import { runTool } from '../provision/runTool.ts';
import { freePort } from './freePort.ts';
import { graceMsOf, jvmFlags, quickJvm } from './jvmParts.ts';
import type { JvmParts } from './jvmParts.ts';
import { kafkaConfiguration } from './kafkaConfiguration.ts';
import type { Passwords } from './principals.ts';
import { startProcess } from './startProcess.ts';
import type { RunningPart, StartOptions } from './startProcess.ts';

export interface KafkaOptions {
  /** Holds the configuration, the data and the log of this broker; a second start goes on with them. */
  readonly directory: string;
  readonly jvm: JvmParts;
  readonly passwords: Passwords;
  /** The clients' port; a free one by default. */
  readonly port?: number;
  /** One of several nodes: which, from 1 on, and where each node's controller listens. Alone by default. */
  readonly quorum?: { readonly nodeId: number; readonly controllerPorts: readonly number[] };
  readonly logFile?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: StartOptions['onSpawn'];
}

export interface RunningKafka extends RunningPart {
  readonly port: number;
  /** `127.0.0.1:<port>`, for SASL/PLAIN without TLS. */
  readonly brokers: readonly string[];
}

/** About 320 MB are used; less memory than this makes the broker collect garbage all the time. */
const heapMax = '-Xmx512m';
/** Each of several nodes has a part of the work. */
const quorumHeapMax = '-Xmx384m';
/** A cold start on a busy machine with two cores took 12 s at worst. */
const readyTimeoutMs = 90_000;
/** It can hang on SIGTERM for ever; a clean stop takes 1 to 2 s. */
const graceMs = 6_000;

const logging = path.join(checkoutDirectory, 'infra/kafka/log4j2.properties');

/** Of every program of Kafka's: an archive of classes is taken only with the class path that it was recorded with. */
export const kafkaClassPath = (library: string): string => path.join(library, '*');

/** Formats once: a folder without the metadata file is one whose formatting was interrupted. */
async function format(options: KafkaOptions, dataDirectory: string, file: string): Promise<void> {
  if (existsSync(path.join(dataDirectory, 'meta.properties'))) return;
  await rm(dataDirectory, { recursive: true, force: true });
  const clusterId = 'cHJvcmF0YS1sb2NhbC0wMA';
  const { java, kafkaLibrary, classes } = options.jvm;
  await runTool(java, [
    // What Kafka's own run has recorded serves here too; this one has nothing to leave.
    ...('file' in classes.kafka ? jvmFlags(classes.kafka) : quickJvm),
    '-Xmx128m',
    `-Dlog4j2.configurationFile=${logging}`,
    '-cp',
    kafkaClassPath(kafkaLibrary),
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    clusterId,
    '--config',
    file,
  ]);
}

/**
 * Starts a broker that serves on loopback alone, to known users alone, and denies what no rule allows.
 * @throws PartDidNotStart | ToolFailed
 */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const { directory, jvm, passwords } = options;
  const dataDirectory = path.join(directory, 'data');
  const file = path.join(directory, 'server.properties');
  const port = options.port ?? (await freePort());
  const { nodeId, controllerPorts } = options.quorum ?? {
    nodeId: 1,
    controllerPorts: [await freePort()],
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const configuration = kafkaConfiguration({
    dataDirectory,
    port,
    nodeId,
    controllerPorts,
    passwords,
  });
  await writeFile(file, configuration, { mode: 0o600 });
  await format(options, dataDirectory, file);
  const part = await startProcess({
    name: options.quorum === undefined ? 'kafka' : `kafka-${String(nodeId)}`,
    command: jvm.java,
    arguments: [
      ...jvmFlags(jvm.classes.kafka),
      options.quorum === undefined ? heapMax : quorumHeapMax,
      `-Dlog4j2.configurationFile=${logging}`,
      '-cp',
      kafkaClassPath(jvm.kafkaLibrary),
      'kafka.Kafka',
      file,
    ],
    logFile: options.logFile ?? path.join(directory, 'kafka.log'),
    ready: (log) => log.includes('Kafka Server started'),
    readyTimeoutMs,
    graceMs: graceMsOf(jvm.classes.kafka, graceMs),
    signal: options.signal,
    onSpawn: options.onSpawn,
  });
  return { ...part, port, brokers: [`127.0.0.1:${String(port)}`] };
}
