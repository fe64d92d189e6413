import { availableParallelism } from 'node:os';
import path from 'node:path';
import { topicManifest } from '@prorata/schemas';
import { checkoutDirectory, dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import { runBenchProcess } from '../benchProcess.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import type { Progress } from '../../provision/progress.ts';

export interface IngestionBenchOptions {
  /** Usage records that are brought into the table. */
  readonly records: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

const AIM = 0.6;
/** Records are written, read twice and committed; on a busy machine that takes its time. */
const PROCESS_TIMEOUT_MS = 30 * 60_000;
/** What the bench itself holds in memory, for the floors, is more than the sink needs. */
const HEAP_MB_MAX = 4_000;

interface Line {
  readonly figure:
    | 'written'
    | 'consumption'
    | 'ours'
    | 'commits'
    | 'processor'
    | 'memory'
    | 'writing'
    | 'commit-new'
    | 'commit-grown';
  readonly unit: string;
  readonly ours: number;
}

/** From the topic to the committed table, beside what Kafka's client and DuckDB do with nothing of ours in the way. */
export async function measureIngestion(options: IngestionBenchOptions): Promise<readonly Figure[]> {
  const { records, progress, signal } = options;
  const directory = path.join(dataDirectory, 'bench', 'usage-stack');
  await removeStack(directory);
  const stack = await startLocalStack({ directory, services: [], progress, signal });
  try {
    progress(`writing ${records} usage records, and bringing them into the table …`);
    const measured = new Map<Line['figure'], number>();
    const bench = {
      file: path.join(checkoutDirectory, 'rightsizer/src/bench/ingestBench.ts'),
      parameters: [String(records)],
      environment: stack.environmentOf('admin'),
      heapMbMax: HEAP_MB_MAX,
      timeoutMs: PROCESS_TIMEOUT_MS,
      signal,
    };
    await runBenchProcess(bench, (line) => {
      const { figure, unit, ours } = line as Line;
      measured.set(figure, ours);
      progress(`${figure}: ${significant(ours)} ${unit}`);
    });
    return figuresOf(records, (name) => measured.get(name) ?? Number.NaN);
  } finally {
    await stack.stop();
    await removeStack(directory);
  }
}

function figuresOf(records: number, of: (name: Line['figure']) => number): readonly Figure[] {
  const lower = Math.min(of('consumption'), of('writing'));
  const share = of('ours') / lower;
  return [
    {
      ...figureOf(
        `usage records from the topic to the table, of ${records.toLocaleString('en')}`,
        '1/s',
        of('ours'),
      ),
      peers: {
        'bare kafkajs with avsc': significant(of('consumption')),
        'bare DuckDB from memory': significant(of('writing')),
      },
      floor: significant(lower),
      aim: `≥ ${AIM} of the lower (${share.toFixed(2)})`,
      held: share >= AIM,
    },
    figureOf('commits that it took', 'commits', of('commits')),
    figureOf("the sink's processor time a record, DuckDB's included", 'µs', of('processor')),
    figureOf('peak memory of the process', 'MB', of('memory')),
    figureOf('a commit of 100 records into a new table', 'ms', of('commit-new')),
    figureOf('a commit of 100 records after ten times as many commits', 'ms', of('commit-grown')),
  ];
}

function figureOf(figure: string, unit: string, ours: number): Figure {
  return {
    bench: 'usage',
    figure,
    unit,
    ours: significant(ours),
    peers: {},
    floor: null,
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
  };
}
