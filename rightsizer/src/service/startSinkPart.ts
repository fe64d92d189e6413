import type { LogPort } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import type { createLogger, ReadyCheck } from '@prorata/service-runtime';
import { KnownQuotas } from '../sink/knownQuotas.ts';
import { restoreSeenIds } from '../sink/restoreSeenIds.ts';
import { startUsageSink } from '../sink/usageSink.ts';
import type { RunningSink, SinkRule, SinkWatcher } from '../sink/usageSink.ts';
import { proveConditional } from '../table/storage/proveConditional.ts';
import type { TablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { followEvents } from '../view/followView.ts';
import type { SinkMetrics } from './sinkMetrics.ts';

export interface SinkGround {
  readonly log: LogPort;
  readonly codec: Codec;
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly namespace: string;
  readonly partitions: number;
  readonly rule: SinkRule;
  readonly logger: ReturnType<typeof createLogger>;
  readonly metrics: SinkMetrics;
}

export interface SinkPart extends RunningSink {
  readonly ready: ReadyCheck;
}

/** The usage sink of the service, with what it knows of quotas. */
export async function startSinkPart(ground: SinkGround): Promise<SinkPart> {
  const { log, codec, database, places, namespace, partitions } = ground;
  const topic = inNamespace('usage.events', namespace);
  await proveConditional(places.storage);
  const known = new KnownQuotas();
  const events = followEvents(
    log,
    codec,
    inNamespace('quota.events', namespace),
    partitions,
    (event) => known.fold(event),
  );
  const reader = new UsageReader(database, places);
  const waiting = new Set<number>();
  const sink = await startUsageSink({
    log,
    codec,
    table: await UsageTable.open({ database, places, topic: { name: topic, partitions } }),
    seenIds: async (partition) => restoreSeenIds(await reader.newest(), topic, partition),
    quotas: { known, settle: () => events.settle() },
    topic,
    group: inNamespace('usage-sink', namespace),
    rule: ground.rule,
    watcher: watcherOf(ground, waiting),
  });
  return {
    finished: Promise.race([sink.finished, events.finished]),
    get ready() {
      const detail = `partitions ${[...waiting].join(', ')} wait for what quotas there are`;
      return { name: 'usage sink', ok: waiting.size === 0, ...(waiting.size > 0 && { detail }) };
    },
    async stop() {
      await sink.stop();
      await events.stop();
    },
  };
}

function watcherOf({ metrics, logger }: SinkGround, waiting: Set<number>): SinkWatcher {
  return {
    committed: (partition, counts) => metrics.committed(partition, counts),
    quarantined(partition, reason, offset) {
      metrics.quarantined(reason);
      logger.warn({ partition, reason, offset }, 'A usage record is not counted.');
    },
    waiting(partition, waits) {
      metrics.waiting(partition, waits);
      if (waits === waiting.has(partition)) return;
      if (waits) waiting.add(partition);
      else waiting.delete(partition);
      logger.warn({ partition, waits }, 'Usage of a quota that is not known: its log is asked.');
    },
    stale(partition, message) {
      metrics.stale();
      logger.warn({ partition, detail: message }, 'Another sink has taken the partition over.');
    },
    unverified: (partition, offset) =>
      logger.warn({ partition, offset }, 'Retention has deleted the last record committed.'),
  };
}
