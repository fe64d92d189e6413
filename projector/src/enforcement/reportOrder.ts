/** Of the same host or target. Microseconds since the epoch. */
export interface ReportPlace {
  /** The start that it is of; null: it is of a target, which has none. */
  readonly bootId: string | null;
  readonly sequence: bigint;
  /** By the reporter's clock. */
  readonly reportedAt: bigint;
  /** By the record in the log. */
  readonly heardAt: bigint;
  /** After which silence another one is believed whatever its clock says. */
  readonly silentMicros: bigint;
}

/** What was not heard of for so long is forgotten, microseconds: as long as the topic keeps reports. */
export const FORGOTTEN_MICROS = 86_400_000_000n;
/** Reports that may be missing before their host counts as silent. */
export const MISSED_REPORTS = 3n;
/** Targets report every minute at least; microseconds. */
export const TARGET_SILENT_MICROS = 180_000_000n;

/**
 * Whether a report takes the place of another one: what is delivered twice or late must not set a host back. Within a
 * start their numbers tell; between two starts, or two relays that serve the same target, their clocks, unless the
 * former has fallen silent.
 */
export function isNewer(report: ReportPlace, known: ReportPlace | undefined): boolean {
  if (known === undefined || report.heardAt - known.heardAt > FORGOTTEN_MICROS) return true;
  if (
    report.bootId !== null &&
    report.bootId === known.bootId &&
    report.sequence !== known.sequence
  ) {
    return report.sequence > known.sequence;
  }
  if (report.reportedAt >= known.reportedAt) return true;
  return report.bootId !== known.bootId || report.bootId === null
    ? report.heardAt - known.heardAt > known.silentMicros
    : false;
}

/** What a relay has accounted for, and when the log had its word. */
export interface DeliveryPlace {
  readonly accountedTo: bigint;
  /** Microseconds since the epoch. */
  readonly heardAt: bigint;
}

/** Four heartbeats of a relay: what nobody has said again since was no relay's, or that relay is gone. Microseconds. */
const RELAY_SILENT_MICROS = 60_000_000n;

/**
 * Whether a relay's word takes the place of another one: offsets only grow, so that a relay which has been replaced, and
 * does not know it yet, says nothing new. One too large, which anybody may write, holds for a minute alone.
 */
export function isFurther(word: DeliveryPlace, known: DeliveryPlace | undefined): boolean {
  if (known === undefined || word.accountedTo >= known.accountedTo) return true;
  return word.heardAt - known.heardAt > RELAY_SILENT_MICROS;
}
