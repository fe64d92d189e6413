import { isSegment } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { HostReport, RulesDelivered, TargetReport } from '@prorata/schemas';
import { storableText } from '../database/storable.ts';
import type { Row } from '../database/tables.ts';

/** A report, and when the log had it. */
export interface Heard<Report> {
  readonly report: Report;
  /** Microseconds since the epoch, by the record. */
  readonly heardAt: bigint;
}

/** Names of hosts, zones and versions: more than any machine's, and little enough for an index. */
const NAME_LENGTH_MAX = 253;
/** What a target is called, and what is wrong with it. */
const TEXT_LENGTH_MAX = 2_000;
/** What no table of times would hold, or nobody can mean: the years 2000 to 2200, microseconds. */
const TIME_MIN = 946_684_800_000_000n;
const TIME_MAX = 7_258_118_400_000_000n;
/** A host that says nothing of its heartbeat, or what it cannot mean, is expected as the SDK is by itself. */
const INTERVAL_MS_PRESET = 15_000;
const INTERVAL_MS_MAX = 3_600_000;

/**
 * The row of a host's report; null where it is none that can be kept: whoever may write to the topic may write
 * anything, and must not stop it for others.
 */
export function hostRow({ report, heardAt }: Heard<HostReport>): Row | null {
  const { application, hostId, bootId, sdkVersion, zone, appliedAt, reportedAt } = report;
  const names = [hostId, bootId, sdkVersion, ...(zone === null ? [] : [zone])];
  if (!isSegment(application) || !names.every(isName)) return null;
  if (![reportedAt, heardAt].every(isTime) || (appliedAt !== 0n && !isTime(appliedAt))) return null;
  return {
    application,
    host_id: hostId,
    boot_id: bootId,
    sequence: report.sequence,
    sdk_version: sdkVersion,
    zone,
    source: report.source,
    rules: report.rules,
    rejected_rules: report.rejectedRules,
    applied_offset: report.appliedOffset,
    applied_at: appliedAt === 0n ? null : timeToJson(appliedAt),
    reported_at: timeToJson(reportedAt),
    heard_at: timeToJson(heardAt),
    interval_ms: intervalOf(report),
    leaving: report.leaving,
  };
}

/** As `hostRow`. */
export function targetRow({ report, heardAt }: Heard<TargetReport>): Row | null {
  const { application, dispatcher, target, problem, checksum, since, reportedAt } = report;
  if (!isSegment(application) || !isName(dispatcher)) return null;
  if (checksum !== null && !isName(checksum)) return null;
  if (![since, reportedAt, heardAt].every(isTime)) return null;
  return {
    application,
    dispatcher,
    kind: report.kind,
    target: cutText(target),
    state: report.state,
    desired_offset: report.desiredOffset,
    delivered_offset: report.deliveredOffset,
    applied_offset: report.appliedOffset,
    checksum,
    problem: problem === null ? null : cutText(problem),
    since: timeToJson(since),
    reported_at: timeToJson(reportedAt),
    heard_at: timeToJson(heardAt),
  };
}

/** As `hostRow`. */
export function deliveryRow({ report, heardAt }: Heard<RulesDelivered>): Row | null {
  const { application, rules, deliveredOffset, accountedTo, reportedAt } = report;
  if (!isSegment(application) || ![reportedAt, heardAt].every(isTime)) return null;
  return {
    application,
    rules,
    delivered_offset: deliveredOffset,
    accounted_to: accountedTo,
    reported_at: timeToJson(reportedAt),
    heard_at: timeToJson(heardAt),
  };
}

/** Milliseconds after which a host's next report is expected. */
export function intervalOf({ intervalMs }: Pick<HostReport, 'intervalMs'>): number {
  return intervalMs > 0 ? Math.min(intervalMs, INTERVAL_MS_MAX) : INTERVAL_MS_PRESET;
}

const isTime = (time: bigint): boolean => time >= TIME_MIN && time <= TIME_MAX;
const isName = (text: string): boolean => text !== '' && fits(text, NAME_LENGTH_MAX);
const cutText = (text: string): string => storableText(text.slice(0, TEXT_LENGTH_MAX));

/** PostgreSQL's text has no NUL, and no half of a surrogate pair. */
function fits(text: string, lengthMax: number): boolean {
  return text.length <= lengthMax && text.isWellFormed() && !text.includes('\0');
}
