import { createHash } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import { applicationOf, isQuotaId } from '@prorata/quota-model';
import { UnreadableRecord } from '@prorata/schemas';
import type { Codec, Message, UsageRecorded } from '@prorata/schemas';
import { SameTexts } from './sameTexts.ts';
import type { KnownQuotas } from './knownQuotas.ts';
import type { QuarantineRow } from '../table/rows.ts';

/** Why a record is not counted. */
export type QuarantineReason =
  | 'UNREADABLE'
  | 'TYPE_UNEXPECTED'
  | 'APPLICATION_MISMATCH'
  | 'ID_MALFORMED'
  | 'ID_REUSED'
  | 'KEY_MISMATCH'
  | 'PROJECT_MISMATCH'
  | 'QUOTA_UNKNOWN'
  | 'WINDOW_EMPTY'
  | 'WINDOW_TOO_LONG'
  | 'WINDOW_IN_FUTURE'
  | 'WINDOW_TOO_OLD'
  | 'WINDOW_BEFORE_TIME'
  | 'RESOURCES_TOO_MANY'
  | 'RESOURCE_REPEATED'
  | 'AMOUNT_NEGATIVE'
  | 'AMOUNT_ABSURD';

/** Hosts report every few seconds; a window of a day is a host's fault, and no history could place its amounts. */
const WINDOW_MICROS_MAX = 86_400_000_000n;
/** How far a host's clock may be ahead of the log's: beyond, its usage would count in a window that has not come. */
const FUTURE_MICROS_MAX = 600_000_000n;
/** How far a host may be behind: a month's books are closed by then, and hosts keep no more than hours. */
const AGE_MICROS_MAX = 35n * 86_400_000_000n;
/** An application declares a handful of resources. */
const RESOURCES_MAX = 64;
/** A byte count of an exabyte in one window; sums over a table of such rows still fit 128 bits. */
const AMOUNT_MAX = 2n ** 60n;
/** Names beyond this length are no names. */
const TEXT_LENGTH_MAX = 512;
/** The beginning of a record that is kept for a person to look at. */
const VALUE_KEPT_BYTES = 4_096;
/** Names of several parts are put together with a line's end between. */
const CONTROL = /[\u0000-\u001f]/;
const PROJECT = /^[a-z0-9-]{1,63}(\/[a-z0-9-]{1,63})+$/;

export type JudgedRecord =
  | {
      readonly kind: 'usage';
      readonly usage: UsageRecorded;
      /** Microseconds. */
      readonly loggedAt: bigint;
    }
  /** Its id counts already. */
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'quarantine'; readonly row: QuarantineRow };

/**
 * What a record says, or why it does not count. Judged by the record alone, the broker's time
 * included, and never by this process's clock: whoever reads the log again comes to the same rows.
 * @throws what the registry throws when it does not answer: the record's schema may be fine
 */
export async function judgeRecord(codec: Codec, record: LogRecord): Promise<JudgedRecord> {
  try {
    return judgeMessage(record, await codec.decode(record.value));
  } catch (error) {
    return unreadable(record, error);
  }
}

/** As `judgeRecord`; null: the registry has to be asked for its schema first. */
export function judgeAtOnce(
  codec: Pick<Codec, 'decodeKnown'>,
  record: LogRecord,
): JudgedRecord | null {
  try {
    const message = codec.decodeKnown(record.value);
    return message === null ? null : judgeMessage(record, message);
  } catch (error) {
    return unreadable(record, error);
  }
}

function unreadable(record: LogRecord, error: unknown): JudgedRecord {
  if (!(error instanceof UnreadableRecord)) throw error;
  return quarantined(record, 'UNREADABLE', error.message);
}

function judgeMessage(record: LogRecord, message: Message): JudgedRecord {
  if (message.type !== 'UsageRecorded') {
    return quarantined(record, 'TYPE_UNEXPECTED', `it is a ${message.type}`);
  }
  const usage = message.value;
  const loggedAt = BigInt(Math.round(record.timestampMs)) * 1000n;
  const objection = objectionTo(usage, loggedAt) ?? objectionToPlace(record, usage, loggedAt);
  if (objection !== null) return quarantined(record, ...objection);
  return { kind: 'usage', usage, loggedAt };
}

export type Objection = readonly [QuarantineReason, string];

/** What of a record itself keeps it from being counted, whoever brought it; null: nothing. */
export function objectionTo(usage: UsageRecorded, loggedAt: bigint): Objection | null {
  return objectionToIds(usage) ?? objectionToWindow(usage, loggedAt) ?? objectionToAmounts(usage);
}

function objectionToIds({
  hostId,
  bootId,
  sequence,
  application,
  quotaId,
  project,
  zone,
}: UsageRecorded): Objection | null {
  if (!isName(hostId) || !isName(bootId) || sequence < 0n) {
    return ['ID_MALFORMED', 'host, boot and sequence must name the record'];
  }
  if (!quotaIds.holds(quotaId)) return ['ID_MALFORMED', 'the quota id is none'];
  if (project !== null && !projects.holds(project)) {
    return ['ID_MALFORMED', 'the project must be <organization>/<project>'];
  }
  if (zone !== null && (zone === '' || zone.length > TEXT_LENGTH_MAX)) {
    return ['ID_MALFORMED', 'the zone must have a name of at most 512 characters, or be null'];
  }
  if (applicationOf(quotaId) !== application) {
    return ['APPLICATION_MISMATCH', `${application} speaks for ${quotaId}`];
  }
  return null;
}

const names = new SameTexts(
  (text) => text !== '' && text.length <= TEXT_LENGTH_MAX && !CONTROL.test(text),
);
const quotaIds = new SameTexts(isQuotaId);
const projects = new SameTexts((text) => text.length <= TEXT_LENGTH_MAX && PROJECT.test(text));

const isName = (text: string): boolean => names.holds(text);

function objectionToWindow(
  { windowStart, windowEnd }: UsageRecorded,
  loggedAt: bigint,
): Objection | null {
  if (windowStart < 0n) return ['WINDOW_BEFORE_TIME', 'the window starts before 1970'];
  if (windowEnd <= windowStart) return ['WINDOW_EMPTY', 'the window ends at or before its start'];
  if (windowEnd - windowStart > WINDOW_MICROS_MAX) {
    return ['WINDOW_TOO_LONG', 'the window is longer than a day'];
  }
  if (windowEnd > loggedAt + FUTURE_MICROS_MAX) {
    return [
      'WINDOW_IN_FUTURE',
      'the window ends more than ten minutes after the record was logged',
    ];
  }
  return null;
}

function objectionToAmounts({ resources }: UsageRecorded): Objection | null {
  if (resources.length > RESOURCES_MAX) {
    return ['RESOURCES_TOO_MANY', `${resources.length} resources, ${RESOURCES_MAX} at most`];
  }
  for (const [index, amounts] of resources.entries()) {
    const { resource } = amounts;
    if (resource === '' || resource.length > TEXT_LENGTH_MAX) {
      return ['ID_MALFORMED', 'a resource has no name'];
    }
    for (let before = 0; before < index; before += 1) {
      if (resources[before]?.resource === resource) return ['RESOURCE_REPEATED', resource];
    }
    const { used, refused, queued, peak, trialRefused } = amounts;
    if (used < 0n || refused < 0n || queued < 0n || peak < 0n || trialRefused < 0n) {
      return ['AMOUNT_NEGATIVE', resource];
    }
    const most = used > refused ? used : refused;
    if (
      most > AMOUNT_MAX ||
      queued > AMOUNT_MAX ||
      peak > AMOUNT_MAX ||
      trialRefused > AMOUNT_MAX
    ) {
      return ['AMOUNT_ABSURD', resource];
    }
  }
  return null;
}

/** When a quota or a payer must have been known for a record of this log time: clocks differ by so much. */
export function knownBy(loggedAt: bigint): bigint {
  return loggedAt + FUTURE_MICROS_MAX;
}

/** Why a record that is well in itself speaks of what never was; null: it does not. */
export function objectionToQuota(
  { quotaId, project }: UsageRecorded,
  loggedAt: bigint,
  known: Pick<KnownQuotas, 'has' | 'wasPaidBy'>,
): Objection | null {
  const at = knownBy(loggedAt);
  if (!known.has(quotaId, at)) return ['QUOTA_UNKNOWN', `there was never a quota ${quotaId}`];
  // Rules lag, so a payer of any earlier time will do; a payer of no time is a claim on a stranger's budget.
  if (project !== null && !known.wasPaidBy(quotaId, project, at)) {
    return ['PROJECT_MISMATCH', `${project} never paid for ${quotaId}`];
  }
  return null;
}

/** Another record has this id, and counts: what is one record must have one id, and one id one record. */
export function reusedId(record: LogRecord, { bootId, sequence }: UsageRecorded): JudgedRecord {
  const detail = `sequence ${sequence} of boot ${bootId} was a record of another time`;
  return quarantined(record, 'ID_REUSED', detail);
}

/** What keeps a record out of the log at this place, though it is well in itself. */
function objectionToPlace(
  { key }: LogRecord,
  { quotaId, windowStart }: UsageRecorded,
  loggedAt: bigint,
): Objection | null {
  if (windowStart < loggedAt - AGE_MICROS_MAX) {
    return ['WINDOW_TOO_OLD', 'the window starts more than 35 days before the record was logged'];
  }
  // Under the key of another quota it may be in another partition, where its id would count again.
  if (key?.toString() !== quotaId) return ['KEY_MISMATCH', 'the key is not the quota id'];
  return null;
}

export function quarantined(
  record: LogRecord,
  reason: QuarantineReason,
  detail: string,
): JudgedRecord {
  const value = record.value ?? Buffer.alloc(0);
  return {
    kind: 'quarantine',
    row: {
      offset: record.offset,
      timestampMs: Math.round(record.timestampMs),
      reason,
      detail,
      key: record.key?.subarray(0, VALUE_KEPT_BYTES) ?? null,
      valueBytes: value.length,
      valueSha256: createHash('sha256').update(value).digest('hex'),
      value: value.subarray(0, VALUE_KEPT_BYTES),
    },
  };
}
