import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { connectKafka, partitionOf } from '@prorata/kafka-port';
import { inNamespace, topicManifest } from '@prorata/schemas';
import { checkoutDirectory, dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { LocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';

export interface RestoreBenchOptions {
  readonly quotas: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** The application that the writer's part of the bench makes. */
const STREAM = 'application:bench';
/** Building a million quotas and timing decisions on the way takes minutes on a busy machine. */
const PROCESS_TIMEOUT_MS = 15 * 60_000;
/** Of a process that holds a tree twice for a while, megabytes. */
const HEAP_MB_MAX = 6_000;
const OUTPUT_BYTES_MAX = 1_000_000;
const AIMS = { readySeconds: 15, bytesPerQuota: 1_024, pauseMs: 50, growthMax: 1.5 };

interface Line {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  readonly floor?: number;
}

interface Restored {
  readonly quotas: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** @throws PartDidNotStart, or that a process of the bench failed */
export async function runRestoreBench(options: RestoreBenchOptions): Promise<readonly Figure[]> {
  const { quotas, signal, progress } = options;
  const directory = path.join(dataDirectory, 'bench', 'restore-stack');
  await removeStack(directory);
  const stack = await startLocalStack({ directory, services: [], progress, signal });
  try {
    await putOnlyCommand(stack);
    progress(`building a tree of ${quotas} quotas, and a snapshot of it …`);
    const built = await run<Line>(stack, 'restoreBench.ts', [String(quotas)], signal);
    for (const { figure, unit, ours } of built) progress(`${figure}: ${significant(ours)} ${unit}`);
    progress('restoring it …');
    const [restored] = await run<Restored>(stack, 'restoredMemory.ts', [], signal);
    if (restored?.quotas !== quotas) {
      throw new Error(`It was restored with ${restored?.quotas ?? 0} quotas instead of ${quotas}.`);
    }
    const readySeconds = await secondsToReady(stack);
    return [...built.map(figureOf), ...restoredFigures(restored, readySeconds)].map(withAim);
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
}

/** The command that all events of the bench name: a writer refuses to go on after one that is not there. */
async function putOnlyCommand(stack: LocalStack): Promise<void> {
  const { connection, namespace = '' } = stack.manifestTarget;
  const port = connectKafka(connection);
  try {
    const publisher = await port.publisher();
    const topic = inNamespace('quota.commands', namespace);
    const partition = partitionOf(STREAM, topicManifest.partitions.local);
    await publisher.publish([{ topic, partition, key: Buffer.from(STREAM), value: Buffer.of(0) }]);
    await publisher.close();
  } finally {
    await port.close();
  }
}

/** The writer's own process, from its start to its readiness. */
async function secondsToReady(stack: LocalStack): Promise<number> {
  const startedMs = performance.now();
  await stack.start('writer');
  return (performance.now() - startedMs) / 1_000;
}

async function run<T>(
  stack: LocalStack,
  program: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<T[]> {
  const file = path.join(checkoutDirectory, 'command-service/src/bench', program);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', `--max-old-space-size=${HEAP_MB_MAX}`, file, ...parameters],
    {
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...stack.environmentOf('writer') },
      timeout: PROCESS_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      signal,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as T);
}

function restoredFigures({ quotas, seconds, bytes }: Restored, readySeconds: number): Figure[] {
  const many = `${quotas.toLocaleString('en')} quotas`;
  return [
    figureOf({ figure: `${many} restored from a snapshot`, unit: 's', ours: seconds }),
    figureOf({
      figure: `writer process ready with ${many}, from its start`,
      unit: 's',
      ours: readySeconds,
    }),
    figureOf({ figure: `memory a quota of ${many}, restored`, unit: 'bytes', ours: bytes }),
  ];
}

function figureOf({ figure, unit, ours, floor }: Line): Figure {
  return {
    bench: 'restore',
    figure,
    unit,
    ours: significant(ours),
    peers: {},
    floor: floor === undefined ? null : significant(floor),
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
  };
}

/** Aims speak of a million quotas; smaller trees are for trying the bench. */
function withAim(figure: Figure, _index: number, all: readonly Figure[]): Figure {
  const { ours, unit } = figure;
  const aimed = (aim: string, held: boolean): Figure => ({ ...figure, aim, held });
  if (ours === null) return figure;
  if (figure.figure.startsWith('writer process ready')) {
    return aimed(`≤ ${AIMS.readySeconds}`, ours <= AIMS.readySeconds);
  }
  if (unit === 'bytes') return aimed(`≤ ${AIMS.bytesPerQuota}`, ours <= AIMS.bytesPerQuota);
  if (figure.figure.startsWith('longest pause'))
    return aimed(`≤ ${AIMS.pauseMs}`, ours <= AIMS.pauseMs);
  const decisions = all.filter((each) => each.figure.startsWith('one change decided'));
  const [smallest] = decisions;
  if (figure !== decisions.at(-1) || smallest === undefined || smallest === figure) return figure;
  const growth = ours / (smallest.ours ?? Number.NaN);
  return aimed(
    `must not grow (${growth.toFixed(2)} × the smallest tree's)`,
    growth <= AIMS.growthMax,
  );
}
