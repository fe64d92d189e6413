import type { DemandReport, HostReport, UsageRecorded } from '@prorata/schemas';

/** The channel will never take these records, however often it is asked. */
export class UsageRefused extends Error {
  override readonly name = 'UsageRefused';
}

/**
 * A way for usage and reports to go. Any other rejection than `UsageRefused` is retried with the
 * same records: they carry their id, so whoever counts them counts them once.
 */
export interface UsageChannel {
  sendUsage(records: readonly UsageRecorded[]): Promise<void>;
  sendReport(report: HostReport): Promise<void>;
  /** What a host wants of fleet-wide limits. Absent: nothing is asked for, and hosts use their safe shares. */
  sendDemand?(report: DemandReport): Promise<void>;
  close(): Promise<void>;
}
