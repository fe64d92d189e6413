import type { RulesDelivered, RuleSetComplete } from '@prorata/schemas';

/** What is written for a partition's applications, and the last event that it accounts for. */
export interface PartitionDeliveries {
  readonly sets: readonly RuleSetComplete[];
  readonly accountedTo: bigint;
}

/** A report that got lost, or what no rule changed by, is known so much later; milliseconds. */
const HEARTBEAT_MS = 15_000;
/** Changes that come together make one report an application, milliseconds. */
const GATHER_MS = 50;

export interface DeliveryReportsParts {
  readonly send: (reports: readonly RulesDelivered[]) => Promise<void>;
  /** Of all partitions that are served now. */
  readonly served: () => readonly PartitionDeliveries[];
  /** Microseconds since the epoch. */
  readonly now: () => bigint;
  readonly failed: (error: unknown) => void;
}

/**
 * Says what the rule topics have: soon after it was written, and as a heartbeat. Nothing waits for it, and what does
 * not get through is said again.
 */
export class DeliveryReports {
  readonly #parts: DeliveryReportsParts;
  readonly #changed = new Set<string>();
  readonly #heartbeat: NodeJS.Timeout;
  #soon: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;
  #isStopped = false;

  constructor(parts: DeliveryReportsParts) {
    this.#parts = parts;
    this.#heartbeat = setInterval(() => this.#send(() => true), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Of these applications something was written. */
  changed(applications: readonly string[]): void {
    for (const application of applications) this.#changed.add(application);
    if (this.#isStopped || this.#soon !== null || this.#changed.size === 0) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#send((application) => this.#changed.has(application));
    }, GATHER_MS);
    this.#soon.unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#heartbeat);
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    await this.#sending;
  }

  /** One at a time: what changes while one is on its way goes with the next. */
  #send(isMeant: (application: string) => boolean): void {
    if (this.#isSending) return;
    const { send, served, now, failed } = this.#parts;
    const reportedAt = now();
    const reports = served().flatMap(({ sets, accountedTo }) =>
      sets
        .filter(({ application }) => isMeant(application))
        .map(({ application, rules, eventOffset: deliveredOffset }): RulesDelivered => ({
          ...{ application, rules, deliveredOffset, accountedTo, reportedAt },
        })),
    );
    this.#changed.clear();
    if (reports.length === 0) return;
    this.#isSending = true;
    this.#sending = send(reports)
      .catch(failed)
      .finally(() => {
        this.#isSending = false;
        this.changed([]);
      });
  }
}
