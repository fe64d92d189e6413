import type { HostReport } from '@prorata/schemas';
import type { UsageChannel } from './usageChannel.ts';

/** Changes that come together make one report, milliseconds. */
const GATHER_MS = 50;

/**
 * Says what the host runs under: soon after a change, and as a heartbeat. A report that does not get
 * through is forgotten, for the next one says more.
 */
export class HostReporter {
  readonly #channel: UsageChannel;
  readonly #report: (leaving: boolean) => HostReport;
  readonly #failed: (error: unknown) => void;
  readonly #heartbeat: NodeJS.Timeout;
  #soon: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #isWanted = false;

  constructor(
    channel: UsageChannel,
    intervalMs: number,
    report: (leaving: boolean) => HostReport,
    failed: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#report = report;
    this.#failed = failed;
    this.#heartbeat = setInterval(() => this.#send(), intervalMs);
    this.#heartbeat.unref();
  }

  changed(): void {
    if (this.#soon !== null) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#send();
    }, GATHER_MS);
    this.#soon.unref();
  }

  /** Says that the host leaves, as the last of all, and resolves when that has got through or is given up. */
  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    this.#isWanted = false;
    await this.#sending;
    try {
      await this.#channel.sendReport(this.#report(true));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** One at a time: while one is on its way, at most one more waits. */
  #send(): void {
    this.#isWanted = true;
    this.#sending ??= this.#sendWanted();
  }

  async #sendWanted(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      try {
        await this.#channel.sendReport(this.#report(false));
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#sending = null;
  }
}
