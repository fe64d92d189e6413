import { availableParallelism } from 'node:os';
import path from 'node:path';
import { topicManifest } from '@prorata/schemas';
import { dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import { Latencies } from '../commands/latencies.ts';
import { accept } from '../commands/setTheStage.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { fillTables, QUOTAS_OF_ONE } from './fillTables.ts';
import { questionsOver } from './questions.ts';
import type { Question } from './questions.ts';
import { TEMPLATE_VERSIONS, templateCommands } from './templateQuotas.ts';

export interface QueriesBenchOptions {
  readonly quotas: number;
  readonly auditRows: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Of each question, after as many as warm it up. */
const REQUESTS = 200;
const WARM_UP = 20;
/** One caller: what it waits for, and not what a queue adds. Milliseconds. */
const AIM_MS = 50;
const SHOWN_MS = 30_000;
/** Any; the same questions in every run. */
const SEED = 7;

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
    const sizes = `${(applications * QUOTAS_OF_ONE).toLocaleString('en')} quotas, ${auditRows.toLocaleString('en')} audit rows`;
    const figures: Figure[] = [];
    for (const question of questionsOver(applications)) {
      signal.throwIfAborted();
      const { asked, floor } = await ask(question, gateway, token);
      const [p50, p99] = [0.5, 0.99].map((share) => significant(asked.percentile(share)));
      progress(`${question.name}: p50 ${p50}, p99 ${p99} ms`);
      for (const [name, share] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        figures.push(figureOf(`${question.name}, ${name} over ${sizes}`, share, asked, floor));
      }
    }
    return figures;
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
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

interface Asked {
  readonly asked: Latencies;
  /** Of requests in between that ask nothing of the tables: what the machine and HTTP take. */
  readonly floor: Latencies;
}

async function ask({ path: pathOf }: Question, gateway: string, token: string): Promise<Asked> {
  const [asked, floor] = [new Latencies(), new Latencies()];
  const any = evenly(SEED);
  for (let request = -WARM_UP; request < REQUESTS; request += 1) {
    const own = await timed(gateway, token, pathOf(any));
    const bare = await timed(gateway, token, '/healthz');
    if (request < 0) continue;
    asked.add(own);
    floor.add(bare);
  }
  return { asked, floor };
}

/** @returns milliseconds until the answer is whole. @throws Error when it is none */
async function timed(gateway: string, token: string, address: string): Promise<number> {
  const startedMs = performance.now();
  const response = await get(gateway, token, address);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}.`);
  return performance.now() - startedMs;
}

function get(gateway: string, token: string, address: string): Promise<Response> {
  return fetch(`${gateway}${address}`, { headers: { authorization: `Bearer ${token}` } });
}

/** A linear congruential generator (Numerical Recipes), of which the upper bits are used. */
function evenly(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
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
