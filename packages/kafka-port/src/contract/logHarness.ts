import type { LogPort, OutRecord, WriterIdentity } from '../port.ts';

/** A process over the log under test, which the suite can silence. */
export interface ProcessUnderTest {
  readonly port: LogPort;
  /** From now on the process neither hears nor says anything, and runs on. */
  stall(): void;
  resume(): void;
}

/** What an adapter gives the contract suite. Time may be virtual: the suite waits by `sleep` alone. */
export interface LogHarness {
  connect(name: string): ProcessUnderTest;
  /** @returns the new topic's name. */
  createTopic(partitions: number): Promise<string>;
  /** Leaves a transaction open, as a writer that dies between its records and its commit. */
  leaveOpen(identity: WriterIdentity, records: readonly OutRecord[]): Promise<void>;
  sleep(milliseconds: number): Promise<void>;
  /** The shortest session that the log grants, milliseconds. */
  readonly sessionTimeoutMs: number;
  /** Ends all processes, stalled ones too. */
  close(): Promise<void>;
}

/** How often a condition is looked at, milliseconds. */
const lookEveryMs = 10;

/** Waits for a condition. @throws when it does not come true in time, with `what` as its name. */
export async function until(
  harness: LogHarness,
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += lookEveryMs) {
    if (await condition()) return;
    await harness.sleep(lookEveryMs);
  }
  throw new Error(`Not within ${withinMs} ms: ${what}.`);
}
