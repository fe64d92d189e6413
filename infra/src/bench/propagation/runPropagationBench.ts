import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { topicManifest } from '@prorata/schemas';
import { checkoutDirectory, dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { LocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import { runBenchProcess } from '../benchProcess.ts';
import { Latencies } from '../commands/latencies.ts';
import { accept } from '../commands/setTheStage.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { HostsFleet } from './hostsFleet.ts';
import { bench, nowMs } from './hostsMessages.ts';
import type { HostsOrder } from './hostsMessages.ts';

export interface PropagationBenchOptions {
  /** Changes for each fleet: of its last host there is one time a change. */
  readonly changes: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

const FLEETS: readonly Pick<HostsOrder, 'transport' | 'hosts'>[] = [
  { transport: 'kafka', hosts: 1 },
  { transport: 'kafka', hosts: 20 },
  { transport: 'http', hosts: 1 },
  { transport: 'http', hosts: 1_000 },
];
const AIMS = { oneMs: 250, lastMs: 1_000 };
/** Changes whose times do not count: connections, compiled code. */
const WARM_UP = 3;
/** Between two changes, milliseconds: each is propagated by itself. */
const REST_MS = 50;
const LARGE = 100_000;
const HEAP_MB_MAX = 3_000;
const PROCESS_TIMEOUT_MS = 5 * 60_000;

/** @throws PartDidNotStart, or that a process of the bench failed */
export async function runPropagationBench(
  options: PropagationBenchOptions,
): Promise<readonly Figure[]> {
  return [...(await fleets(options)), ...(await rootChange(options))];
}

async function fleets(options: PropagationBenchOptions): Promise<readonly Figure[]> {
  const { signal, progress } = options;
  const directory = path.join(dataDirectory, 'bench', 'propagation-stack');
  await removeStack(directory);
  const services = ['writer', 'gateway', 'relay'] as const;
  const stack = await startLocalStack({
    ...{ directory, services: [...services], progress, signal },
    // The hosts over HTTP come through the gateway.
  });
  try {
    const stage = await setStage(stack);
    const figures: Figure[] = [];
    for (const fleet of FLEETS) {
      signal.throwIfAborted();
      progress(`${fleet.hosts} over ${fleet.transport} …`);
      figures.push(...(await measure(stack, stage, fleet, options)));
    }
    return figures;
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
}

interface Stage {
  readonly token: string;
  readonly hostToken: string;
  /** No amount is used twice: it says which change a host has. */
  amount: number;
}

async function setStage(stack: LocalStack): Promise<Stage> {
  const person = { subject: 'bench', kind: 'user', roles: ['admin'] } as const;
  const { application } = bench;
  const machine = { subject: 'bench-host', kind: 'service', roles: ['host'], application } as const;
  const token = await stack.mintToken(person);
  const { gateway } = stack.addresses;
  await accept(gateway, token, {
    ...command('RegisterApplication'),
    data: {
      displayName: 'Bench',
      levels: [],
      resources: [{ name: bench.resource, kind: 'rate', unit: 'request' }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 3_600_000_000,
    },
  });
  await accept(gateway, token, {
    ...command('CreateQuota'),
    data: {
      quotaId: bench.quotaId,
      content: {
        ...{ owner: 'group:bench', project: null, tier: 2, cutPriority: 0, labels: {} },
        ...{
          attributes: {},
          limits: [limitOf(1_000)],
          match: [],
          action: 'refuse',
          rightsizing: [],
        },
      },
    },
  });
  return { token, hostToken: await stack.mintToken(machine), amount: 1_000 };
}

const command = (type: string): { type: string; stream: string; reason: string } => ({
  type,
  stream: `application:${bench.application}`,
  reason: 'bench: propagation',
});

const limitOf = (amount: number): object => ({
  resource: bench.resource,
  rate: { amount, per: '1s' },
});

/** Times from the accepted answer: a host that was faster than the answer to the caller counts as 0. */
async function measure(
  stack: LocalStack,
  stage: Stage,
  { transport, hosts }: (typeof FLEETS)[number],
  { changes, signal }: PropagationBenchOptions,
): Promise<readonly Figure[]> {
  const { gateway } = stack.addresses;
  const order: HostsOrder = { transport, hosts, url: gateway, token: stage.hostToken };
  const fleet = await HostsFleet.start(order, stack.environmentOf('host'));
  const [first, last, whole] = [new Latencies(), new Latencies(), new Latencies()];
  try {
    for (let change = -WARM_UP; change < changes; change++) {
      signal.throwIfAborted();
      stage.amount += 1;
      const enforced = fleet.enforced(String(stage.amount));
      const sentMs = nowMs();
      const limits = { quotaId: bench.quotaId, setLimits: [limitOf(stage.amount)] };
      await accept(gateway, stage.token, { ...command('ChangeQuota'), data: limits });
      const acceptedMs = nowMs();
      const { firstAtMs, lastAtMs } = await enforced;
      if (change >= 0) {
        first.add(Math.max(0, firstAtMs - acceptedMs));
        last.add(Math.max(0, lastAtMs - acceptedMs));
        whole.add(lastAtMs - sentMs);
      }
      await delay(REST_MS);
    }
  } finally {
    await fleet.stop();
  }
  return figuresOf(transport, hosts, { first, last, whole });
}

interface Times {
  readonly first: Latencies;
  readonly last: Latencies;
  readonly whole: Latencies;
}

function figuresOf(transport: string, hosts: number, times: Times): readonly Figure[] {
  const of =
    hosts === 1 ? '1 host' : `the last of ${hosts.toLocaleString('en')} hosts in one process`;
  const by = `by ${transport === 'kafka' ? 'Kafka' : 'HTTP'}`;
  const what = `from the accepted command to the first decision under it, ${by}, ${of}`;
  const p99 = times.last.percentile(0.99);
  const aimMs = hosts === 1 ? AIMS.oneMs : AIMS.lastMs;
  const figures: Figure[] = [
    figureOf(`p50 ${what}`, 'ms', times.last.percentile(0.5)),
    { ...figureOf(`p99 ${what}`, 'ms', p99), aim: `≤ ${aimMs}`, held: p99 <= aimMs },
    figureOf(
      `p50 from the request, its answer included, ${by}, ${of}`,
      'ms',
      times.whole.percentile(0.5),
    ),
  ];
  if (hosts === 1) return figures;
  const many = `${by}, the first of ${hosts.toLocaleString('en')}`;
  return [
    ...figures,
    figureOf(`p50 from the accepted command, ${many}`, 'ms', times.first.percentile(0.5)),
  ];
}

async function rootChange({
  signal,
  progress,
}: PropagationBenchOptions): Promise<readonly Figure[]> {
  progress(`a change above ${LARGE} quotas …`);
  const file = path.join(checkoutDirectory, 'enforcer-relay/src/bench/rootChange.ts');
  const { milliseconds, sent } = await lineOf<{ milliseconds: number; sent: number }>(file, signal);
  const above = `a change at the root of ${LARGE.toLocaleString('en')} quotas`;
  return [
    figureOf(`the relay's work on ${above}`, 'ms', milliseconds),
    { ...figureOf(`rules that ${above} sends`, 'rules', sent), ours: sent },
  ];
}

/** The one line that a process of the bench prints. */
async function lineOf<T>(file: string, signal: AbortSignal): Promise<T> {
  const found: T[] = [];
  const limits = { heapMbMax: HEAP_MB_MAX, timeoutMs: PROCESS_TIMEOUT_MS };
  await runBenchProcess(
    { file, parameters: [String(LARGE)], environment: {}, ...limits, signal },
    (line) => {
      found.push(line as T);
    },
  );
  const [first] = found;
  if (first === undefined) throw new Error(`${file} printed nothing.`);
  return first;
}

function figureOf(figure: string, unit: string, ours: number): Figure {
  return {
    ...{ bench: 'propagation', figure, unit, ours: significant(ours), peers: {}, floor: null },
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
  };
}
