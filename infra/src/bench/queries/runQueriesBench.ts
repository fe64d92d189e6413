import { availableParallelism } from 'node:os';
import path from 'node:path';
import { topicManifest } from '@prorata/schemas';
import { dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import type { Latencies } from '../commands/latencies.ts';
import { processorMs, processorMsWithChildren } from '../commands/processorTime.ts';
import { accept } from '../commands/setTheStage.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { askQuestion, get } from './askQuestion.ts';
import type { Asking } from './askQuestion.ts';
import { fillTables, QUOTAS_OF_ONE } from './fillTables.ts';
import { questionsOver } from './questions.ts';
import { TEMPLATE_VERSIONS, templateCommands } from './templateQuotas.ts';

export interface QueriesBenchOptions {
  readonly quotas: number;
  readonly auditRows: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** One caller: what it waits for, and not what a queue adds. Milliseconds. */
const AIM_MS = 50;
const SHOWN_MS = 30_000;

/** @throws PartDidNotStart, or that a question was not answered */
export async function runQueriesBench(options: QueriesBenchOptions): Promise<readonly Figure[]> {
  const { quotas, auditRows, signal, progress } = options;
  const directory = path.join(dataDirectory, 'bench', 'queries-stack');
  await removeStack(directory);
  const stack = await startLocalStack({
    directory,
    services: ['writer', 'gateway', 'projector'],
    progress,
    signal,
  });
  try {
    const roles = ['admin', 'operator', 'auditor'] as const;
    const token = await stack.mintToken({ subject: 'bench', kind: 'user', roles });
    const { gateway, postgres: databaseUrl } = stack.addresses;
    for (const command of templateCommands()) await accept(gateway, token, command);
    await shown(gateway, token);
    const applications = Math.max(1, Math.round(quotas / QUOTAS_OF_ONE));
    await fillTables({ databaseUrl, applications, auditRows, signal, progress });
    const [server, projector] = [stack.pidOf('postgres'), stack.pidOf('projector')];
    const usedMs = (): number =>
      processorMsWithChildren(server ?? Number.NaN) + processorMs([projector ?? Number.NaN]);
    return await questionFigures({ gateway, token, usedMs }, { applications, auditRows }, options);
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
}

interface Sizes {
  readonly applications: number;
  readonly auditRows: number;
}

/** What each question takes of tables that are filled. */
export async function questionFigures(
  asking: Asking,
  { applications, auditRows }: Sizes,
  { signal, progress }: Pick<QueriesBenchOptions, 'signal' | 'progress'>,
): Promise<readonly Figure[]> {
  const sizes = `${(applications * QUOTAS_OF_ONE).toLocaleString('en')} quotas, ${auditRows.toLocaleString('en')} audit rows`;
  const figures: Figure[] = [];
  for (const question of questionsOver(applications)) {
    signal.throwIfAborted();
    const { name } = question;
    const { asked, floor, processorMs: usedMs } = await askQuestion(question, asking);
    const [p50, p99] = [0.5, 0.99].map((share) => significant(asked.percentile(share)));
    progress(`${name}: p50 ${p50}, p99 ${p99} ms, of processors ${significant(usedMs)} ms`);
    figures.push(
      figureOf(`${name}, p50 over ${sizes}`, 0.5, asked, floor),
      figureOf(`${name}, p99 over ${sizes}`, 0.99, asked, floor),
      usedFigure(`${name}, processor time of database and projector`, usedMs),
    );
  }
  return figures;
}

/** Waits until both copies show the template. */
async function shown(gateway: string, token: string): Promise<void> {
  const end = performance.now() + SHOWN_MS;
  for (;;) {
    const response = await get(
      gateway,
      token,
      `/v1/audit?limit=1&atLeast=application:bench-0@${TEMPLATE_VERSIONS}`,
    );
    await response.arrayBuffer();
    if (response.ok) return;
    if (performance.now() > end) throw new Error(`The template is not shown: ${response.status}.`);
  }
}

function usedFigure(figure: string, usedMs: number): Figure {
  return {
    bench: 'queries',
    figure,
    unit: 'ms',
    ours: significant(usedMs),
    peers: {},
    floor: null,
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
  };
}

/** The aim is of the 99th of a hundred. */
function figureOf(figure: string, share: number, asked: Latencies, floor: Latencies): Figure {
  const ours = significant(asked.percentile(share));
  return {
    bench: 'queries',
    figure,
    unit: 'ms',
    ours,
    peers: {},
    floor: significant(floor.percentile(share)),
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
    ...(share < 0.99 ? {} : { aim: `≤ ${AIM_MS}`, held: ours <= AIM_MS }),
  };
}
