import { applicationOf, parseStream } from '@prorata/quota-model';
import { longToJson } from '@prorata/schemas';
import { causeOf } from '../rows/cause.ts';

/** A row of the audit log of an event, as far as a feed tells it. */
export interface FeedRow {
  readonly partition: number;
  readonly log_offset: string;
  readonly stream: string;
  readonly stream_version: string;
  readonly type: string;
  readonly quota_id: string | null;
  readonly quota_version: string | null;
  readonly command_id: string | null;
  readonly timer: string | null;
  readonly actor_kind: string;
  readonly actor_issuer: string;
  readonly actor_subject: string;
  readonly reason: string;
  readonly decided_at: string;
  /** Where a move leads. */
  readonly moved_to: string | null;
  /** Whom an event about no quota names as payer. */
  readonly project: string | null;
}

export const FEED_COLUMNS =
  'partition, log_offset, stream, stream_version, type, quota_id, quota_version, command_id, timer, ' +
  'actor_kind, actor_issuer, actor_subject, reason, decided_at, ' +
  `body ->> 'toQuotaId' AS moved_to, body ->> 'project' AS project`;

/** Whose a quota was and is: an event that hands it on concerns both. */
export interface Belongings {
  readonly owners: ReadonlySet<string>;
  readonly projects: ReadonlySet<string>;
}

export interface FeedEvent {
  readonly offset: bigint;
  readonly type: string;
  /** null: not an application's. */
  readonly application: string | null;
  readonly quotaId: string | null;
  readonly movedTo: string | null;
  readonly streamVersion: bigint;
  readonly project: string | null;
  /** What clients are told, but for ids. */
  readonly told: Readonly<Record<string, unknown>>;
  /** Looked up when the first client asks. */
  belongings: Belongings | null;
}

export function feedEventOf(row: FeedRow): FeedEvent {
  const stream = parseStream(row.stream);
  const application = stream?.kind === 'application' ? stream.id : null;
  return {
    offset: BigInt(row.log_offset),
    type: row.type,
    application,
    quotaId: row.quota_id,
    movedTo: row.type === 'QuotaMoved' ? row.moved_to : null,
    streamVersion: BigInt(row.stream_version),
    project: row.project,
    belongings: null,
    told: {
      type: row.type,
      application: row.quota_id === null ? application : applicationOf(row.quota_id),
      stream: row.stream,
      streamVersion: longToJson(BigInt(row.stream_version)),
      quotaVersion: row.quota_version === null ? null : longToJson(BigInt(row.quota_version)),
      actor: { kind: row.actor_kind, issuer: row.actor_issuer, subject: row.actor_subject },
      reason: row.reason,
      commandId: row.command_id,
      cause: causeOf(row.timer),
      timer: row.timer,
      decidedAt: row.decided_at,
    },
  };
}
