import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { dataDirectory } from '../checkout.ts';
import { removeStack } from '../stack/inspectStack.ts';
import { startLocalStack } from '../localStack.ts';
import type { LocalStack } from '../localStack.ts';
import { GatewayClient } from './context.ts';
import type { DemoContext } from './context.ts';
import { demoPolicy, describePolicy } from './demoPolicy.ts';
import { HostProcess } from './hostProcess.ts';
import { hostCount } from './scenario.ts';
import { auditLog } from './steps/auditLog.ts';
import { budget } from './steps/budget.ts';
import { bulk } from './steps/bulk.ts';
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
const beforeTraffic: readonly Step<DemoContext>[] = [setTheStage, propagation];
const underTraffic: readonly Step<DemoContext>[] = [proposal, budget, override, outage];
const afterTraffic: readonly Step<DemoContext>[] = [bulk, rebuild, auditLog];

/** Runs the whole loop once. Every line is checked; a step that does not hold fails the demo. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const timeline = new Timeline();
  const startedMs = Date.now();
  const directory = path.join(dataDirectory, 'demo');
  await removeStack(directory);
  await mkdir(directory, { recursive: true });
  const workload =
    options.trace === null ? syntheticWorkload() : await traceWorkload(options.trace, options.pace);
  timeline.line(`Usage: ${workload.description}.`);
  for (const line of describePolicy()) timeline.line(line);
  timeline.progress('starting Kafka, the registry, Postgres and the services …');
  const stack = await startDemoStack(directory, timeline);
  timeline.line(
    `The stack is up: gateway ${stack.addresses.gateway}, Kafka ${stack.addresses.kafka}.`,
  );
  const context = await contextOf(stack, directory, workload);
  const results = new Map<string, StepResult>();
  let traffic: Traffic | undefined;
  try {
    await runSteps(beforeTraffic, context, timeline, results);
    traffic = startTraffic(context.hosts, workload, options.trace !== null);
    await runSteps(underTraffic, context, timeline, results);
    traffic.stop();
    await runSteps(afterTraffic, context, timeline, results);
  } finally {
    traffic?.stop();
    await Promise.all(context.hosts.map((host) => host.stop()));
    await stack.stop();
    if (!options.keep) await removeStack(directory);
  }
  return summarize(results, startedMs, timeline);
}

async function startDemoStack(directory: string, timeline: Timeline): Promise<LocalStack> {
  return startLocalStack({
    directory,
    services: 'all',
    detached: false,
    policy: demoPolicy,
    progress: (line) => {
      timeline.progress(line);
    },
  });
}

async function contextOf(
  stack: LocalStack,
  directory: string,
  workload: DemoContext['workload'],
): Promise<DemoContext> {
  const tokenOf = (subject: string): Promise<string> =>
    stack.mintToken({ subject, kind: 'user', roles: ['admin'] });
  const hostToken = await stack.mintToken({
    subject: 'demo-host',
    kind: 'service',
    roles: ['host'],
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
  const hosts = Array.from({ length: hostCount }, (_, index) =>
    // One of them has no Kafka client: it gets its rules and reports its usage over HTTP.
    startHost(`host-${index + 1}`, index === hostCount - 1 ? 'http' : 'kafka'),
  );
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
): Promise<void> {
  for (const step of steps) results.set(step.key, await runStep(step, context, timeline));
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
