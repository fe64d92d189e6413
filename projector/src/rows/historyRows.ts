import { quotaRecord } from '@prorata/quota-model';
import type { QuotaState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type { ApplicationRegistered } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { idOf } from './currentRows.ts';
import type { Touch } from './currentRows.ts';
import { indexedText } from './indexedText.ts';

/** A moment of one stream. */
export interface StreamMoment {
  readonly version: bigint;
  /** Microseconds since the epoch. */
  readonly time: bigint;
}

/** A span in which nothing about a quota changed. */
export interface QuotaSpan {
  readonly quota: QuotaState;
  readonly since: StreamMoment;
  /** null: it lasts. */
  readonly until: StreamMoment | null;
  /** The quota's last event, up to this span, that could alter what is in force below it. */
  readonly belowSince: StreamMoment;
}

export function spanRow({ quota, since, until, belowSince }: QuotaSpan): Row {
  return {
    quota_id: quota.quotaId,
    since: since.version,
    until: until?.version ?? null,
    since_time: timeToJson(since.time),
    until_time: until === null ? null : timeToJson(until.time),
    below_since: belowSince.version,
    below_since_time: timeToJson(belowSince.time),
    record: quotaRecord(quota),
  };
}

/** @param version the registration's own, which older events do not carry */
export function registrationRow(event: ApplicationRegistered, version: bigint): Row {
  const json = toJson('io.prorata.event.ApplicationRegistered', event) as Record<string, unknown>;
  return {
    application: idOf(event.envelope),
    since: event.envelope.streamVersion.toString(),
    since_time: timeToJson(event.envelope.decidedAt),
    version,
    resources: json['resources'],
  };
}

export function headRow(touch: Touch): Row {
  return {
    stream: indexedText(touch.stream),
    stream_version: touch.streamVersion,
    partition: touch.partition,
    log_offset: touch.offset,
    decided_at: timeToJson(touch.decidedAt),
  };
}
