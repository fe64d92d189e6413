import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { dataDirectory } from '../checkout.ts';
import { removeStack } from '../stack/inspectStack.ts';
import { StackBusy, withStackLock } from '../stack/stackLock.ts';
import { startLocalStack } from '../localStack.ts';
import type { LocalStack } from '../localStack.ts';
import { GatewayClient } from './context.ts';
import type { DemoContext } from './context.ts';
import { demoPolicy, describePolicy } from './demoPolicy.ts';
import { HostProcess } from './hostProcess.ts';
import { application, hostCount } from './scenario.ts';
import { auditLog } from './steps/auditLog.ts';
import { budget } from './steps/budget.ts';
import { bulk } from './steps/bulk.ts';
import { costs } from './steps/costs.ts';
import { outage } from './steps/outage.ts';
import { override } from './steps/override.ts';
import { propagation } from './steps/propagation.ts';
import { proposal } from './steps/proposal.ts';
import { rebuild } from './steps/rebuild.ts';
import { setTheStage } from './steps/setTheStage.ts';
import { runStep, Timeline } from './timeline.ts';
import type { Step, StepResult } from './timeline.ts';
import { startTraffic } from './traffic.ts';
import type { Traffic } from './traffic.ts';
import { syntheticWorkload, traceWorkload } from './workload.ts';
import type { Workload } from './workload.ts';

export interface DemoOptions {
  /** A Parquet file, or null for the demo's own load. */
  readonly trace: string | null;
  readonly pace: number;
  readonly keep: boolean;
}

export interface DemoResult {
  readonly held: boolean;
  readonly seconds: number;
  readonly [step: string]: unknown;
}

/** Before the traffic, under it, and after it has ended. */
const beforeTraffic: readonly Step<DemoContext>[] = [setTheStage];
const underTraffic: readonly Step<DemoContext>[] = [
  propagation,
  proposal,
  budget,
  override,
  outage,
];
const afterTraffic: readonly Step<DemoContext>[] = [costs, bulk, rebuild, auditLog];

/** Another demo runs in this checkout. */
export class DemoBusy extends Error {
  override readonly name = 'DemoBusy';
}

/**
 * Runs the whole loop once. Every line is checked; a step that does not hold fails the demo. An abort
 * ends the stack and removes its data as the end does.
 * @throws TraceUnusable before anything is started or deleted; DemoBusy; what a start fails with
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<DemoResult> {
  const { trace, pace } = options;
  const workload = trace === null ? syntheticWorkload() : await traceWorkload(trace, pace);
  // Beside the data, which goes away and comes back under the lock.
  const locks = path.join(dataDirectory, 'demo-lock');
  return withStackLock(locks, () => runAlone(options, workload, signal), 0).catch(
    (error: unknown) => {
      if (!(error instanceof StackBusy)) throw error;
      throw new DemoBusy(`a demo is running already (process ${error.pid}): wait until it ends`);
    },
  );
}

async function runAlone(
  options: DemoOptions,
  workload: Workload,
  signal: AbortSignal,
): Promise<DemoResult> {
  const timeline = new Timeline();
  const startedMs = Date.now();
  const directory = path.join(dataDirectory, 'demo');
  await removeStack(directory);
  await mkdir(directory, { recursive: true });
  timeline.line(`Usage: ${workload.description}.`);
  for (const line of describePolicy()) timeline.line(line);
  timeline.progress('starting Kafka, the registry, Postgres and the services …');
  const results = new Map<string, StepResult>();
  const hosts: HostProcess[] = [];
  let stack: LocalStack | undefined;
  let traffic: Traffic | undefined;
  try {
    stack = await startDemoStack(directory, timeline, signal);
    const { gateway, kafka } = stack.addresses;
    timeline.line(`The stack is up: gateway ${gateway}, Kafka ${kafka}.`);
    const context = await contextOf(stack, directory, workload, hosts);
    const run = (steps: readonly Step<DemoContext>[]): Promise<void> =>
      runSteps(steps, context, timeline, results, signal);
    await run(beforeTraffic);
    // Without rules on the hosts every later step would only wait until it gives up.
    if (results.get(setTheStage.key)?.held !== true) {
      return summarize(results, startedMs, timeline);
    }
    traffic = startTraffic(context.hosts, workload, options.trace !== null);
    await run(underTraffic);
    traffic.stop();
    await run(afterTraffic);
  } finally {
    traffic?.stop();
    if (signal.aborted) stack?.kill();
    await Promise.all(hosts.map((host) => host.stop()));
    await stack?.stop();
    if (!options.keep) await removeStack(directory);
  }
  return summarize(results, startedMs, timeline);
}

async function startDemoStack(
  directory: string,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<LocalStack> {
  return startLocalStack({
    directory,
    services: 'all',
    detached: false,
    // By the count of events alone: an anchor a minute later would be a row that nothing before it had.
    environment: { writer: { PRORATA_ANCHOR_SECONDS: '86400' } },
    policy: demoPolicy,
    signal,
    progress: (line) => {
      timeline.progress(line);
    },
  });
}

async function contextOf(
  stack: LocalStack,
  directory: string,
  workload: DemoContext['workload'],
  hosts: HostProcess[],
): Promise<DemoContext> {
  const tokenOf = (subject: string): Promise<string> =>
    stack.mintToken({ subject, kind: 'user', roles: ['admin'] });
  const hostToken = await stack.mintToken({
    subject: 'demo-host',
    kind: 'service',
    roles: ['host'],
    application,
  });
  const client = new GatewayClient(stack.addresses.gateway, {
    operator: await tokenOf('olga'),
    approver: await tokenOf('anton'),
  });
  const environment = {
    ...stack.environmentOf('host'),
    DEMO_RELAY_URL: stack.addresses.gateway,
    DEMO_HOST_TOKEN: hostToken,
  };
  const startHost = (hostId: string, transport: 'kafka' | 'http'): HostProcess =>
    new HostProcess({
      hostId,
      transport,
      directory: path.join(directory, 'hosts', hostId),
      environment,
    });
  for (let number = 1; number <= hostCount; number += 1) {
    // The last has no Kafka client: it gets its rules and reports its usage over HTTP.
    hosts.push(startHost(`host-${number}`, number === hostCount ? 'http' : 'kafka'));
  }
  return {
    stack,
    client,
    hosts,
    workload,
    startedAt: new Date().toISOString(),
    directory,
    startHost,
  };
}

async function runSteps(
  steps: readonly Step<DemoContext>[],
  context: DemoContext,
  timeline: Timeline,
  results: Map<string, StepResult>,
  signal: AbortSignal,
): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
  aborted.catch(() => undefined);
  for (const step of steps) {
    signal.throwIfAborted();
    results.set(step.key, await Promise.race([runStep(step, context, timeline), aborted]));
  }
}

function summarize(
  results: ReadonlyMap<string, StepResult>,
  startedMs: number,
  timeline: Timeline,
): DemoResult {
  const held = [...results.values()].every((result) => result.held);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  timeline.line(`${held ? 'Everything held' : 'Not everything held'}, in ${seconds} s.`);
  const steps = [...results].map(([key, { held: stepHeld, figures }]) => [
    key,
    { held: stepHeld, ...figures },
  ]);
  return { held, seconds, ...(Object.fromEntries(steps) as Record<string, unknown>) };
}
