import { availableParallelism } from 'node:os';
import path from 'node:path';
import { topicManifest } from '@prorata/schemas';
import { checkoutDirectory, dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { LocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import type { Latencies } from '../commands/latencies.ts';
import { processorMs, processorMsWithChildren } from '../commands/processorTime.ts';
import { setTheStage } from '../commands/setTheStage.ts';
import { runBenchProcess } from '../benchProcess.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { measureLag } from './measureLag.ts';

export interface ProjectionBenchOptions {
  readonly events: number;
  /** How long callers bear on the gateway, seconds. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

const CALLERS = 100;
const PRINCIPALS = 50;
const AIMS = { shareOfCopy: 0.35, lagMs: 150 };
/** A million events are written, read twice and copied; on a busy machine that takes its time. */
const PROCESS_TIMEOUT_MS = 45 * 60_000;
const HEAP_MB_MAX = 6_000;

/** What a process of the bench says: a figure, or that a part begins, whose figure is to come. */
interface Line {
  readonly figure:
    'written' | 'single' | 'filling' | 'ours' | 'processor' | 'copying' | 'copy' | 'rows';
  readonly unit?: string;
  readonly ours?: number;
}

/** @throws PartDidNotStart, or that a process of the bench failed */
export async function runProjectionBench(
  options: ProjectionBenchOptions,
): Promise<readonly Figure[]> {
  return [...(await catchUp(options)), ...(await lag(options))];
}

/** A stack of its own each: what fills the log in the one is no command that a writer could go on after. */
async function onStack<T>(
  name: string,
  services: readonly ('writer' | 'gateway' | 'projector')[],
  { signal, progress }: ProjectionBenchOptions,
  work: (stack: LocalStack) => Promise<T>,
): Promise<T> {
  const directory = path.join(dataDirectory, 'bench', name);
  await removeStack(directory);
  const stack = await startLocalStack({ directory, services: [...services], progress, signal });
  try {
    return await work(stack);
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
}

function catchUp(options: ProjectionBenchOptions): Promise<readonly Figure[]> {
  const { events, progress, signal } = options;
  return onStack('projection-stack', [], options, async (stack) => {
    progress(`writing ${events} events, and catching up with them …`);
    const measured = new Map<Line['figure'], number>();
    /** What the database's server had used when a line came, milliseconds. */
    const serverMs = new Map<Line['figure'], number>();
    const server = stack.pidOf('postgres') ?? Number.NaN;
    const bench = {
      file: path.join(checkoutDirectory, 'projector/src/bench/catchUpBench.ts'),
      parameters: [String(events)],
      environment: stack.environmentOf('admin'),
      heapMbMax: HEAP_MB_MAX,
      timeoutMs: PROCESS_TIMEOUT_MS,
      signal,
    };
    await runBenchProcess(bench, (line) => {
      const { figure, unit, ours } = line as Line;
      serverMs.set(figure, processorMsWithChildren(server));
      if (ours === undefined) return;
      measured.set(figure, ours);
      progress(`${figure}: ${significant(ours)} ${unit}`);
    });
    return catchUpFigures(events, measured, serverMs);
  });
}

function catchUpFigures(
  events: number,
  measured: ReadonlyMap<Line['figure'], number>,
  serverMs: ReadonlyMap<Line['figure'], number>,
): readonly Figure[] {
  const of = (name: Line['figure']): number => measured.get(name) ?? Number.NaN;
  const rate = figureOf(
    `catching up with ${events.toLocaleString('en')} events`,
    '1/s',
    of('ours'),
  );
  const share = of('ours') / of('copy');
  const serverMicros = (from: Line['figure'], to: Line['figure']): number =>
    (((serverMs.get(to) ?? Number.NaN) - (serverMs.get(from) ?? Number.NaN)) * 1_000) / events;
  return [
    {
      ...rate,
      peers: { 'one transaction per event': significant(of('single')) },
      floor: significant(of('copy')),
      aim: `≥ ${AIMS.shareOfCopy} of COPY (${share.toFixed(2)})`,
      held: share >= AIMS.shareOfCopy,
    },
    figureOf('rows that they became', 'rows', of('rows')),
    figureOf("the projector's own processor time an event", 'µs', of('processor')),
    {
      ...figureOf("the database's processor time an event", 'µs', serverMicros('filling', 'ours')),
      floor: significant(serverMicros('copying', 'copy')),
    },
  ];
}

function lag(options: ProjectionBenchOptions): Promise<readonly Figure[]> {
  const { seconds, progress } = options;
  return onStack('lag-stack', ['writer', 'gateway', 'projector'], options, async (stack) => {
    const tokens = await Promise.all(
      Array.from({ length: PRINCIPALS }, (_, index) =>
        stack.mintToken({ subject: `bench-${index}`, kind: 'user', roles: ['admin', 'operator'] }),
      ),
    );
    await setTheStage(stack.addresses.gateway, tokens, progress);
    const order = { callers: CALLERS, seconds, tokens };
    const before = processorOf(stack);
    const { latencies, ms } = await timed(() => measureLag(stack, order));
    const used = processorOf(stack).map((each, at) => each - (before[at] ?? Number.NaN));
    const rate = latencies.count / seconds;
    const halved = await measureLag(stack, { ...order, perSecond: rate / 2 });
    return [
      ...lagFigures(latencies, seconds, `${CALLERS} callers`, true),
      ...lagFigures(halved, seconds, `${CALLERS} callers at half that rate`, false),
      ...PARTS.map((part, at) =>
        figureOf(`processors taken meanwhile: ${part}`, 'cores', (used[at] ?? Number.NaN) / ms),
      ),
    ];
  });
}

/** What shares the machine while callers bear on the gateway; the callers are in the bench itself. */
const PARTS = ['gateway', 'writer', 'kafka', 'projector', 'postgres', 'callers'] as const;

/** In the order of PARTS, milliseconds since each began. */
function processorOf(stack: LocalStack): readonly number[] {
  return PARTS.map((part) =>
    part === 'callers'
      ? processorMs([process.pid])
      : processorMsWithChildren(stack.pidOf(part) ?? Number.NaN),
  );
}

async function timed(
  work: () => Promise<Latencies>,
): Promise<{ readonly latencies: Latencies; readonly ms: number }> {
  const begun = performance.now();
  return { latencies: await work(), ms: performance.now() - begun };
}

function lagFigures(
  latencies: Latencies,
  seconds: number,
  whose: string,
  isAim: boolean,
): readonly Figure[] {
  const what = `from an accepted command to a readable row, ${whose}`;
  const p99 = latencies.percentile(0.99);
  const aim = { aim: `≤ ${AIMS.lagMs}`, held: p99 <= AIMS.lagMs };
  return [
    figureOf(`commands ${what}`, '1/s', latencies.count / seconds),
    figureOf(`p50 ${what}`, 'ms', latencies.percentile(0.5)),
    { ...figureOf(`p99 ${what}`, 'ms', p99), ...(isAim ? aim : {}) },
  ];
}

function figureOf(figure: string, unit: string, ours: number): Figure {
  return {
    bench: 'projection',
    figure,
    unit,
    ours: significant(ours),
    peers: {},
    floor: null,
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
  };
}
