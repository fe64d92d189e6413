import path from 'node:path';
import { checkoutDirectory } from '../checkout.ts';
import type { JvmParts } from './jvmParts.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRegistry } from './registry.ts';
import { connectionOf, serviceEnvironment } from './stackPlan.ts';
import type { Environment, StackPlan } from './stackPlan.ts';
import { servicePrograms } from './stackParts.ts';
import type { PartName, ServiceName } from './stackParts.ts';
import { startProcess } from './startProcess.ts';
import type { RunningPart, StartOptions } from './startProcess.ts';

export interface StartContext {
  readonly plan: StackPlan;
  /** Resolved only when a JVM part is really started. */
  readonly jvm: () => Promise<JvmParts>;
  /** Beside and above what the plan says, by service. */
  readonly overrides: Readonly<Partial<Record<ServiceName, Environment>>>;
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: StartOptions['onSpawn'];
}

/** A service restores its state from the log before it is ready; the first one on a busy machine took 10 s. */
const serviceReadyTimeoutMs = 90_000;
const serviceGraceMs = 10_000;
/** Readiness is answered from memory; an answer that takes longer counts as none, milliseconds. */
const askTimeoutMs = 1_000;

export async function isReady(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(askTimeoutMs);
    const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`, { signal });
    return response.ok;
  } catch {
    return false;
  }
}

export function logFileOf(directory: string, part: PartName): string {
  return path.join(directory, 'logs', `${part}.log`);
}

function startService(service: ServiceName, context: StartContext): Promise<RunningPart> {
  const { plan, overrides } = context;
  const [program = '', ...parameters] = servicePrograms[service];
  return startProcess({
    name: service,
    command: process.execPath,
    arguments: [path.join(checkoutDirectory, program), ...parameters],
    environment: {
      NODE_NO_WARNINGS: '1',
      ...serviceEnvironment(plan, service),
      ...overrides[service],
    },
    workingDirectory: plan.directory,
    logFile: logFileOf(plan.directory, service),
    ready: () => isReady(plan.ports[service]),
    readyTimeoutMs: serviceReadyTimeoutMs,
    graceMs: serviceGraceMs,
    signal: context.signal,
    onSpawn: context.onSpawn,
  });
}

/**
 * Starts one part where the plan says.
 * @throws PartDidNotStart
 */
export async function startPart(part: PartName, context: StartContext): Promise<RunningPart> {
  const { plan, signal, onSpawn } = context;
  const { secrets } = plan;
  const shared = {
    directory: path.join(plan.directory, part),
    port: plan.ports[part],
    logFile: logFileOf(plan.directory, part),
    signal,
    onSpawn,
  };
  switch (part) {
    case 'kafka':
      return startKafka({ ...shared, jvm: await context.jvm(), passwords: secrets.passwords });
    case 'registry':
      return startRegistry({
        ...shared,
        jvm: await context.jvm(),
        connection: connectionOf(plan, 'registry'),
      });
    case 'postgres':
      return startPostgres({
        ...shared,
        password: secrets.databasePassword,
        durable: context.durable,
      });
    case 'writer':
    case 'gateway':
    case 'projector':
    case 'relay':
    case 'rightsizer':
      return startService(part, context);
  }
}
