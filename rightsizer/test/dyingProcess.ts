/**
 * A sink or a compactor in a process of its own, which a test ends at a chosen step with SIGKILL. It
 * begins when it is told what to do, by one line of JSON, so that a test can have it started ahead; it
 * ends with the test that started it.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { connectKafka } from '@prorata/kafka-port';
import type { KafkaConnection } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds } from '@prorata/schemas';
import { Compactor } from '../src/compaction/compactor.ts';
import type { CompactionRule } from '../src/compaction/planCompaction.ts';
import { restoreSeenIds } from '../src/sink/restoreSeenIds.ts';
import { startUsageSink } from '../src/sink/usageSink.ts';
import type { SinkRule } from '../src/sink/usageSink.ts';
import { commitSteps, compactionSteps } from '../src/table/commitSteps.ts';
import type { CommitStep, CompactionStep } from '../src/table/commitSteps.ts';
import { quarantineForm, usageForm } from '../src/table/rowForms.ts';
import { tablePlaces, UsageDatabase } from '../src/table/usageDatabase.ts';
import { UsageReader } from '../src/table/usageReader.ts';
import { UsageTable } from '../src/table/usageTable.ts';

export interface SinkWork {
  readonly kind: 'sink';
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  readonly namespace: string;
  readonly partitions: number;
  readonly group: string;
  readonly rule: SinkRule;
}

export interface CompactorWork {
  readonly kind: 'compactor';
  readonly rule: CompactionRule & { readonly unnamedMs: number };
}

export interface DyingProcessConfiguration {
  readonly directory: string;
  readonly work: SinkWork | CompactorWork;
  /** null: it runs until it is ended from outside. */
  readonly crash: Crash | null;
}

export interface Crash {
  readonly step: CommitStep | CompactionStep;
  /** It dies when it comes to the step for the so-manieth time. */
  readonly occurrence: number;
}

/** Between two passes of the compactor. */
const PASS_PAUSE_MS = 100;

async function main(): Promise<void> {
  const input = createInterface(process.stdin);
  input.once('close', () => process.exit());
  const line = await new Promise<string>((resolve) => input.once('line', resolve));
  const { directory, work, crash } = JSON.parse(line) as DyingProcessConfiguration;
  const onStep = dieAt(crash);
  if (work.kind === 'sink') await sink(directory, work, onStep);
  else await compactor(directory, work, onStep);
}

function dieAt(crash: Crash | null): (step: string) => void {
  const named: readonly string[] = [...commitSteps, ...compactionSteps];
  let occurrences = 0;
  return (step) => {
    if (!named.includes(step)) throw new Error(`No test dies at ${step}.`);
    if (step !== crash?.step) return;
    occurrences += 1;
    if (occurrences === crash.occurrence) process.kill(process.pid, 'SIGKILL');
  };
}

async function sink(
  directory: string,
  { connection, registryUrl, namespace, partitions, group, rule }: SinkWork,
  onStep: (step: string) => void,
): Promise<void> {
  const places = await tablePlaces(directory);
  const database = await UsageDatabase.open(places.root);
  const topic = inNamespace('usage.events', namespace);
  const table = await UsageTable.open({
    database,
    places,
    topic: { name: topic, partitions },
    onStep,
  });
  const reader = new UsageReader(database, places);
  const running = await startUsageSink({
    log: connectKafka(connection),
    codec: new Codec(registryIds(registryUrl), namespace),
    table,
    seenIds: async (partition) => restoreSeenIds(await reader.newest(), topic, partition),
    quotas: null,
    topic,
    group,
    rule,
    watcher: {
      committed: () => undefined,
      quarantined: () => undefined,
      waiting: () => undefined,
      stale: () => undefined,
      unverified: () => undefined,
    },
  });
  process.stdout.write('started\n');
  await running.finished;
}

async function compactor(
  directory: string,
  { rule }: CompactorWork,
  onStep: (step: string) => void,
): Promise<void> {
  const places = await tablePlaces(directory);
  const database = await UsageDatabase.open(places.root);
  const compactors = [usageForm, quarantineForm].map(
    (form) => new Compactor({ database, places, form, onStep }),
  );
  for (;;) {
    for (const each of compactors) {
      await each.compact(rule);
      await each.removeUnnamed(rule);
    }
    process.stdout.write('passed\n');
    await delay(PASS_PAUSE_MS);
  }
}

await main();
