import type { LogPort, OwnedSource, TopicPartition } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import type { Breathe, Logger, ReadyCheck } from '@prorata/service-runtime';
import type { AnchorParts } from '../anchor/anchorEvent.ts';
import type { Clock } from '../clock.ts';
import type { PublicKeyOf } from '../signature/publicKeys.ts';
import { verifySignature } from '../signature/verifySignature.ts';
import type { CheckBytes } from '../signature/checkBytes.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { Pulse } from '../watchdog/watchdog.ts';
import type { TraceCommand } from './commandTracing.ts';
import type { IsTimeUp } from './batchTime.ts';
import { encoder } from './outRecords.ts';
import { PartitionRuntime } from './partitionRuntime.ts';
import type { PartitionStatus, RuntimeParts } from './partitionRuntime.ts';
import type { TimerBounds } from './timerBounds.ts';
import type { WriterMetrics } from './writerMetrics.ts';
import type { WriterTopics } from './writerTopics.ts';

export interface WriterOptions {
  readonly port: LogPort;
  readonly codec: Pick<Codec, 'encode' | 'decode' | 'hash'>;
  readonly topics: WriterTopics;
  /** Partitions of every topic that is keyed by a stream. */
  readonly partitions: number;
  /** Full name, namespace included. */
  readonly group: string;
  readonly publicKeyOf: PublicKeyOf;
  readonly checkBytes: CheckBytes;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WriterMetrics;
  readonly trace?: TraceCommand | undefined;
  readonly sessionTimeoutMs?: number;
  /** Quotas that a partition may hold. */
  readonly quotasMax?: number;
  readonly timerBounds?: TimerBounds;
  /** Absent: nothing is anchored. */
  readonly anchors?: AnchorParts;
  /** Lets the event loop turn during long work; a simulation needs none. */
  readonly breathe?: Breathe;
  /** Begins to measure a batch; a simulation, whose time is virtual, needs none. */
  readonly batchTime?: () => IsTimeUp;
}

export interface RunningWriter {
  status(): readonly PartitionStatus[];
  checks(): readonly ReadyCheck[];
  pulses(): readonly Pulse[];
  /** Rejects when consumption has ended for good. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** Joins the writers' group and runs one runtime for each partition that falls to this process. */
export async function startWriter(options: WriterOptions): Promise<RunningWriter> {
  const runtimes = new Map<number, PartitionRuntime>();
  let source: OwnedSource | null = null;
  const parts = runtimeParts(options, () => source);

  source = await options.port.source.run(
    {
      group: options.group,
      topic: options.topics.commands,
      ...(options.sessionTimeoutMs === undefined
        ? {}
        : { sessionTimeoutMs: options.sessionTimeoutMs }),
    },
    {
      async assigned({ partition }) {
        // Two runtimes of one partition would fence each other in turn, for ever.
        await runtimes.get(partition)?.close();
        const runtime = new PartitionRuntime(partition, parts);
        runtimes.set(partition, runtime);
        options.logger.info({ partition }, 'partition assigned');
        return runtime.start();
      },
      async revoked({ partition }) {
        const runtime = runtimes.get(partition);
        await runtime?.close();
        if (runtimes.get(partition) === runtime) runtimes.delete(partition);
        options.logger.info({ partition }, 'partition revoked');
      },
      async batch({ partition }, records) {
        await runtimes.get(partition)?.offer(records);
      },
    },
  );
  const running = source;
  const status = (): PartitionStatus[] => [...runtimes.values()].map((runtime) => runtime.status);
  return {
    status,
    checks: () => status().map(checkOf),
    pulses: () => [...runtimes.values()].map((runtime) => runtime.pulse),
    finished: running.finished,
    stop: () => running.stop(),
  };
}

function runtimeParts(options: WriterOptions, source: () => OwnedSource | null): RuntimeParts {
  const { port, codec, publicKeyOf, checkBytes, partitions } = options;
  return {
    ...options,
    log: port.log,
    writers: port.writers,
    encode: encoder(codec),
    reading: {
      codec,
      partitions,
      checkSignature: (record) => verifySignature(record, publicKeyOf, checkBytes),
    },
    reassign: (partition: TopicPartition) => source()?.reassign(partition),
    hint: (partition: TopicPartition, next: bigint) => {
      // A hint that is lost is followed by the next.
      source()
        ?.commitHint(partition, next)
        .catch(() => undefined);
    },
  };
}

function checkOf({ partition, phase, detail }: PartitionStatus): ReadyCheck {
  return { name: `partition ${partition}`, ok: phase === 'serving', detail: `${phase}: ${detail}` };
}
