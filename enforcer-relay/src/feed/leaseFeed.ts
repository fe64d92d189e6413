import { bootOfLeaseKey, followLeaseRecords } from '@prorata/host-sdk';
import type { LeaseTopicOptions } from '@prorata/host-sdk';
import type { LogRecord } from '@prorata/kafka-port';
import { fullNameOf, toJson } from '@prorata/schemas';

/** A lease as it goes to its host. */
export interface LeaseText {
  readonly key: string;
  readonly text: string;
  /** Milliseconds since the epoch: from then on it is of no use to anybody. */
  readonly endMs: number;
}

type Listener = (lease: LeaseText) => void;

/** How often leases that are over are forgotten, milliseconds. */
const SWEEP_MS = 15_000;

/**
 * An application's leases as their topic has them, for hosts without Kafka: of each start of a host the latest, so
 * that who comes back has it at once. Any instance serves any host.
 */
export class LeaseFeed {
  readonly #options: LeaseTopicOptions;
  readonly #leases = new Map<string, Map<string, LeaseText>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #sweep: NodeJS.Timeout;
  readonly #abort = new AbortController();
  readonly #following: Promise<void>;

  constructor(options: LeaseTopicOptions, application: string, failed: (error: unknown) => void) {
    this.#options = options;
    const take = (record: LogRecord): Promise<void> => this.#take(record);
    const { signal } = this.#abort;
    this.#following = followLeaseRecords(options, application, { failed }, signal, take);
    this.#sweep = setInterval(() => this.#forgetOver(Date.now()), SWEEP_MS);
    this.#sweep.unref();
  }

  /** Hears at once what the start of a host holds, and then of every lease of it. @returns what ends it */
  listen(bootId: string, listener: Listener): () => void {
    for (const lease of this.#leases.get(bootId)?.values() ?? []) listener(lease);
    const listeners = this.#listeners.get(bootId) ?? new Set();
    this.#listeners.set(bootId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(bootId);
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    this.#abort.abort();
    await this.#following;
  }

  async #take({ key, value }: LogRecord): Promise<void> {
    const name = key?.toString() ?? '';
    const bootId = bootOfLeaseKey(name);
    if (value === null) {
      this.#leases.get(bootId)?.delete(name);
      return;
    }
    const message = await this.#options.codec.decode(value);
    if (message.type !== 'Lease') return;
    const { until, windowEnd } = message.value;
    const lease = {
      key: name,
      text: JSON.stringify(toJson(fullNameOf.Lease, message.value)),
      endMs: Number((windowEnd ?? until) / 1_000n),
    };
    const leases = this.#leases.get(bootId) ?? new Map<string, LeaseText>();
    this.#leases.set(bootId, leases.set(name, lease));
    for (const listener of this.#listeners.get(bootId) ?? []) listener(lease);
  }

  #forgetOver(nowMs: number): void {
    for (const [bootId, leases] of this.#leases) {
      for (const [key, { endMs }] of leases) if (endMs <= nowMs) leases.delete(key);
      if (leases.size === 0) this.#leases.delete(bootId);
    }
  }
}
