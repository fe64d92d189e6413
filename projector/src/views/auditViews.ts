import * as tables from '../database/tables.ts';
import { columnsOf, viewOf } from './auditorView.ts';
import type { AuditorView } from './auditorView.ts';

export const streamHeads = viewOf(tables.streamHeads, {
  about: 'How far the views of what is in force, and of its history, show each stream.',
  stream: 't.stream',
  columns: {
    stream: 'The stream.',
    stream_version: 'The last version shown.',
    partition: 'Where that event stands in `quota.events`.',
    log_offset: 'Where in the partition.',
    decided_at: 'When it was decided.',
  },
});

const auditColumns = {
  decided_at: 'When it was decided.',
  stream: 'The stream.',
  type: "The event's type.",
  quota_id: 'The quota; null: it is about none.',
  quota_version: "The quota's version.",
  actor_kind: '`user`, `service` or `robot`.',
  actor_issuer: 'Who vouches for the actor.',
  actor_subject: 'The actor; above 512 bytes, its beginning and its SHA-256.',
  reason: 'Why, in their words.',
  command_id: 'The command; null: a timer did it.',
  command_offset: 'Where the command stands in `quota.commands`.',
  topic: 'The topic that it stands in.',
  partition: 'Where it stands in the topic.',
  log_offset: 'Where in the partition.',
  body: 'The whole record.',
} as const;

export const auditEvents: AuditorView = {
  ...viewOf(tables.auditLog, {
    name: 'audit_events',
    projection: 'audit',
    about:
      'The audit log of what was accepted: every event, for ever. Ask by `decided_at`: the table is cut by month.',
    stream: 't.stream',
    columns: {
      ...auditColumns,
      stream_version: 'The version of the stream that it made.',
      event_id: 'The event.',
      timer: 'The timer that caused it; the actor is who had set it. Null: a command did.',
      hash: '[Its hash](event-hash.md), hex.',
      previous_hash: 'That of the event before it in its stream.',
    },
  }),
  from: (schema) => `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'event') AS t`,
};

export const refusals: AuditorView = {
  ...viewOf(tables.auditLog, {
    name: 'refusals',
    projection: 'audit',
    about:
      'The audit log of what was refused: every refused command. Ask by `decided_at`: the table is cut by month.',
    stream: 't.stream',
    columns: {
      ...auditColumns,
      type: "The command's type.",
      command_id: 'The command.',
      stream_version: 'The version of the stream that it was refused at.',
      code: '[The code](outcome-codes.md).',
    },
  }),
  from: (schema) => `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'refusal') AS t`,
};

export const commands = viewOf(tables.commands, {
  projection: 'audit',
  about: 'What became of each command: its decision.',
  stream: 't.stream',
  columns: {
    command_id: 'The command.',
    stream: 'The stream.',
    actor_kind: '`user`, `service` or `robot`.',
    actor_issuer: 'Who vouches for the actor.',
    actor_subject: 'The actor.',
    command_type: "The command's type.",
    command_offset: 'Where the command stands in `quota.commands`.',
    partition: 'Where it stands in the topic.',
    status: '`accepted` or `refused`.',
    code: '[The code](outcome-codes.md).',
    message: 'What it means.',
    violations: 'Which fields or checks, each with its own text.',
    dry_run: 'Whether it was only asked what would become of it.',
    stream_version: 'The version of the stream after it.',
    quota_id: 'The quota; null: it is about none.',
    quota_version: "The quota's version after it.",
    event_ids: 'The events that it became.',
    result: 'What it gave back, such as the id of a proposal.',
    decided_at: 'When it was decided.',
  },
});

export const anchors: AuditorView = {
  name: 'anchors',
  projection: 'audit',
  about:
    "[Anchors](anchors.md) that partitions' writers signed. Each names streams of every application.",
  stream: 't.stream',
  // Named one by one, an index finds them.
  from: (schema) =>
    `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'event' AND type = 'HeadsAnchored' AND stream IN ` +
    `(SELECT 'anchor:' || c.partition FROM ${schema}.projection_checkpoint AS c WHERE c.topic = 'quota.events')) AS t`,
  columns: {
    ...columnsOf(tables.auditLog, {
      partition: 'The partition.',
      log_offset: 'Where it stands in the partition: all before it is anchored.',
      stream_version: 'Its number.',
      decided_at: 'When it was signed.',
    }),
    root: { type: 'text', sql: `t.body ->> 'root'`, about: 'The root of the hash tree, hex.' },
    streams: { type: 'bigint', sql: `t.body ->> 'streams'`, about: 'Streams below it.' },
    events: { type: 'bigint', sql: `t.body ->> 'events'`, about: 'Events of those streams.' },
    key_id: { type: 'text', sql: `t.body ->> 'keyId'`, about: 'The key of the signature.' },
    hash: { type: 'text', sql: 't.hash', about: "The event's hash, hex." },
  },
};
