import type { Entry, ExportedRecord } from './exportedRecord.ts';

/** A column of an exported table: what it is called there, its type, and where its value comes from. */
export interface ExportColumn {
  readonly name: string;
  readonly type: 'VARCHAR' | 'BIGINT' | 'INTEGER' | 'TIMESTAMP WITH TIME ZONE' | 'JSON';
  readonly of: (record: ExportedRecord) => string | number | bigint | null;
}

const text = (
  name: string,
  of: (entry: Entry) => string | null,
  type: 'VARCHAR' | 'JSON' = 'VARCHAR',
): ExportColumn => ({ name, type, of: ({ entry }) => of(entry) });

const long = (name: string, of: (entry: Entry) => number | string | null): ExportColumn => ({
  name,
  type: 'BIGINT',
  of: ({ entry }) => {
    const value = of(entry);
    return value === null ? null : BigInt(value);
  },
});

/**
 * The columns of an export, in their order: docs/reference/audit-export.md tells people of them. One is added at
 * the end and none is renamed, for the queries that auditors have written.
 */
export const exportColumns: readonly ExportColumn[] = [
  text('kind', ({ kind }) => kind),
  text('topic', ({ topic }) => topic),
  { name: 'partition', type: 'INTEGER', of: ({ entry }) => entry.partition },
  long('log_offset', ({ offset }) => offset),
  text('stream', ({ stream }) => stream),
  long('stream_version', ({ streamVersion }) => streamVersion),
  text('event_id', ({ eventId }) => eventId),
  text('type', ({ type }) => type),
  text('quota_id', ({ quotaId }) => quotaId),
  long('quota_version', ({ quotaVersion }) => quotaVersion),
  text('command_id', ({ commandId }) => commandId),
  long('command_offset', ({ commandOffset }) => commandOffset),
  text('cause', ({ cause }) => cause),
  text('timer', ({ timer }) => timer),
  text('actor_kind', ({ actor }) => actor?.kind ?? null),
  text('actor_issuer', ({ actor }) => actor?.issuer ?? null),
  text('actor_subject', ({ actor }) => actor?.subject ?? null),
  text('reason', ({ reason }) => reason),
  text('code', ({ code }) => code),
  { name: 'decided_at', type: 'TIMESTAMP WITH TIME ZONE', of: ({ decidedAt }) => decidedAt },
  text('hash', ({ hash }) => hash),
  text('previous_hash', ({ previousHash }) => previousHash),
  text('body', ({ body }) => (body === null ? null : JSON.stringify(body)), 'JSON'),
  text('problem', ({ problem }) => problem),
  { name: 'record', type: 'VARCHAR', of: ({ canonical }) => canonical },
];
