/** A sink in a process of its own, which a test ends at a chosen step with SIGKILL. */
import { connectKafka } from '@prorata/kafka-port';
import type { KafkaConnection } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds } from '@prorata/schemas';
import { restoreSeenIds } from '../src/sink/restoreSeenIds.ts';
import { startUsageSink } from '../src/sink/usageSink.ts';
import type { SinkRule } from '../src/sink/usageSink.ts';
import { commitSteps } from '../src/table/commitSteps.ts';
import { tablePlaces, UsageDatabase } from '../src/table/usageDatabase.ts';
import { UsageReader } from '../src/table/usageReader.ts';
import { UsageTable } from '../src/table/usageTable.ts';

export interface SinkProcessConfiguration {
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  readonly namespace: string;
  readonly directory: string;
  readonly partitions: number;
  readonly group: string;
  readonly rule: SinkRule;
  /** null: it runs until it is ended from outside. */
  readonly crash: { readonly step: string; readonly occurrence: number } | null;
}

const configuration = JSON.parse(process.env['SINK_PROCESS'] ?? '') as SinkProcessConfiguration;
const { connection, registryUrl, namespace, directory, partitions, group, rule, crash } =
  configuration;

let occurrences = 0;
function onStep(step: string): void {
  if (!(commitSteps as readonly string[]).includes(step))
    throw new Error(`No test dies at ${step}.`);
  if (step !== crash?.step) return;
  occurrences += 1;
  if (occurrences === crash.occurrence) process.kill(process.pid, 'SIGKILL');
}

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
const sink = await startUsageSink({
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
await sink.finished;
