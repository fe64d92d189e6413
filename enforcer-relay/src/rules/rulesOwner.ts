import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPort, LogRecord, OwnedSource, TopicPartition } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { createLogger } from '@prorata/service-runtime';
import type { PartitionDeliveries } from '../reports/deliveryReports.ts';
import { PartitionPoisoned, PartitionRelay, RELAY_GROUP } from './partitionRelay.ts';
import type { PartitionRelayParts } from './partitionRelay.ts';

/** Told of what is served here, for what else follows the events. No call throws. */
export interface PartitionWatch {
  began(relay: PartitionRelay): void;
  /** Events were folded, and what they changed of the rules is written. */
  folded(relay: PartitionRelay): void;
  ended(relay: PartitionRelay): Promise<void>;
}

export interface RulesOwnerOptions extends PartitionRelayParts {
  readonly port: Pick<LogPort, 'writers' | 'log' | 'source'>;
  readonly logger: ReturnType<typeof createLogger>;
  /** Absent: nobody watches. */
  readonly watch?: PartitionWatch;
  /** Begins what shares fleet-wide limits out for a partition that is owned; absent: nothing does. */
  readonly leasesOf?: (partition: TopicPartition, relay: FleetRulesOf) => LeasesOfPartition;
  /** How long a silent member keeps its partitions, milliseconds. Default: the log's. */
  readonly sessionTimeoutMs?: number;
}

/** What grants leases for as long as a partition is owned. */
export interface LeasesOfPartition {
  stop(): Promise<void>;
}

type FleetRulesOf = Pick<PartitionRelay, 'fleetRules'>;

export interface OwnedPartition {
  readonly partition: number;
  readonly state: 'restoring' | 'serving' | 'stopped';
  /** The first event not yet folded. */
  readonly next: bigint;
  /** stopped: why. */
  readonly fault: string | null;
}

/** A fault that may pass (log, registry) is tried again after this, doubling, milliseconds. */
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/** One stretch of owning a partition. */
interface Tenancy {
  readonly ended: AbortController;
  relay: PartitionRelay | null;
  leases: LeasesOfPartition | null;
  fault: unknown;
}

/**
 * Owns partitions of events: fence, restore, serve, each partition by itself. A poisoned partition
 * stops and says so while the others go on; anything else that fails is fenced and restored again.
 */
export class RulesOwner {
  readonly #options: RulesOwnerOptions;
  readonly #topic: string;
  readonly #tenancies = new Map<number, Tenancy>();
  #source: OwnedSource | null = null;

  constructor(options: RulesOwnerOptions) {
    this.#options = options;
    this.#topic = inNamespace('quota.events', options.namespace);
  }

  async start(): Promise<void> {
    const { port, namespace, sessionTimeoutMs } = this.#options;
    this.#source = await port.source.run(
      {
        group: inNamespace(RELAY_GROUP, namespace),
        topic: this.#topic,
        ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
      },
      {
        assigned: (partition) => this.#assigned(partition),
        revoked: (partition) => this.#revoked(partition),
        batch: (partition, records) => this.#batch(partition, records),
      },
    );
  }

  /** Rejects when the group can no longer be followed. */
  get finished(): Promise<void> {
    return this.#source?.finished ?? Promise.reject(new Error('The owner has not started.'));
  }

  get partitions(): readonly OwnedPartition[] {
    return [...this.#tenancies].map(([partition, { relay, fault }]) => ({
      partition,
      state: fault === undefined ? (relay === null ? 'restoring' : 'serving') : 'stopped',
      next: relay?.next ?? 0n,
      fault: fault instanceof Error ? fault.message : null,
    }));
  }

  /** The rollouts that are on in partitions that are served here. */
  get rollouts(): PartitionRelay['rollouts'] {
    return [...this.#tenancies.values()].flatMap((tenancy) =>
      tenancy.fault === undefined && isHeld(tenancy) ? (tenancy.relay?.rollouts ?? []) : [],
    );
  }

  /** What is written, of the partitions that are served. */
  get deliveries(): readonly PartitionDeliveries[] {
    return [...this.#tenancies.values()].flatMap(({ relay }) => relay?.deliveries ?? []);
  }

  async stop(): Promise<void> {
    for (const { ended, relay, leases } of this.#tenancies.values()) {
      ended.abort();
      await leases?.stop();
      if (relay !== null) await this.#options.watch?.ended(relay);
    }
    await this.#source?.stop();
  }

  async #assigned(partition: TopicPartition): Promise<bigint> {
    const tenancy: Tenancy = {
      ended: new AbortController(),
      relay: null,
      leases: null,
      fault: undefined,
    };
    this.#tenancies.set(partition.partition, tenancy);
    let retryMs = RETRY_MIN_MS;
    while (isHeld(tenancy)) {
      try {
        const relay = await PartitionRelay.restore(partition, this.#options);
        tenancy.relay = relay;
        if (isHeld(tenancy)) {
          this.#options.watch?.began(relay);
          tenancy.leases = this.#options.leasesOf?.(partition, relay) ?? null;
        }
        this.#options.logger.info({ partition: partition.partition }, 'A partition is served.');
        return relay.next;
      } catch (error) {
        this.#options.logger.error({ err: error, ...partition }, 'A restore has failed.');
        if (error instanceof PartitionPoisoned) {
          await park(tenancy, error);
          break;
        }
        await sleep(retryMs, undefined, { signal: tenancy.ended.signal }).catch(() => undefined);
        retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      }
    }
    // Revoked meanwhile: nothing is handed over, wherever it would start.
    return 0n;
  }

  async #revoked({ partition }: TopicPartition): Promise<void> {
    const tenancy = this.#tenancies.get(partition);
    this.#tenancies.delete(partition);
    tenancy?.ended.abort();
    await tenancy?.leases?.stop();
    const relay = tenancy?.relay ?? null;
    if (relay !== null) await this.#options.watch?.ended(relay);
    await relay?.close().catch(() => undefined);
  }

  async #batch(partition: TopicPartition, records: readonly LogRecord[]): Promise<void> {
    const tenancy = this.#tenancies.get(partition.partition);
    if (tenancy?.relay === undefined || tenancy.relay === null || !isHeld(tenancy)) return;
    try {
      await tenancy.relay.serve(records);
      this.#options.watch?.folded(tenancy.relay);
      await this.#source?.commitHint(partition, tenancy.relay.next).catch(() => undefined);
    } catch (error) {
      if (!isHeld(tenancy)) return;
      this.#options.logger.error({ err: error, ...partition }, 'A partition could not be served.');
      if (error instanceof PartitionPoisoned) await park(tenancy, error);
      else this.#source?.reassign(partition);
    }
  }
}

const isHeld = (tenancy: Tenancy): boolean => !tenancy.ended.signal.aborted;

/** The partition stands still, in sight of `/readyz`, until it is somebody else's. */
async function park(tenancy: Tenancy, fault: PartitionPoisoned): Promise<void> {
  tenancy.fault = fault;
  if (!isHeld(tenancy)) return;
  await new Promise<void>((resolve) =>
    tenancy.ended.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
