-- One row an event, and one row a refused command, each under its place in the log. By month of the
-- decision: a question about a time looks at the partitions of that time alone.
CREATE TABLE audit_log (
  topic           text        NOT NULL,
  partition       integer     NOT NULL,
  log_offset      bigint      NOT NULL,
  -- 'event' or 'refusal'
  kind            text        NOT NULL,
  stream          text        NOT NULL,
  stream_version  bigint      NOT NULL,
  event_id        text,
  -- the event's type, or the refused command's
  type            text        NOT NULL,
  quota_id        text,
  quota_version   bigint,
  command_id      text,
  command_offset  bigint,
  timer           text,
  actor_kind      text,
  actor_issuer    text,
  actor_subject   text,
  reason          text        NOT NULL,
  -- a refusal's code
  code            text,
  decided_at      timestamptz NOT NULL,
  -- SHA-256 of the event's canonical bytes, hex; a refusal has no place in the chain
  hash            text,
  previous_hash   text,
  body            jsonb       NOT NULL,
  PRIMARY KEY (topic, partition, log_offset, decided_at)
) PARTITION BY RANGE (decided_at);
-- The projection makes a partition a month, 2020 to 2069, as events come; their number is bounded so.
CREATE TABLE audit_log_before PARTITION OF audit_log
  FOR VALUES FROM (MINVALUE) TO ('2020-01-01 00:00:00+00');
CREATE TABLE audit_log_after PARTITION OF audit_log
  FOR VALUES FROM ('2070-01-01 00:00:00+00') TO (MAXVALUE);
-- Listings walk by decision time; the place in the log orders what was decided at once.
CREATE INDEX audit_log_by_time   ON audit_log (decided_at, topic, partition, log_offset);
CREATE INDEX audit_log_by_stream ON audit_log (stream, decided_at, topic, partition, log_offset);
CREATE INDEX audit_log_by_quota  ON audit_log (quota_id, decided_at, topic, partition, log_offset);
CREATE INDEX audit_log_by_actor  ON audit_log (actor_subject, decided_at, topic, partition, log_offset);

-- What became of a command: its last decision. Duplicates do not replace it.
CREATE TABLE commands (
  command_id     text        NOT NULL,
  stream         text        NOT NULL,
  actor_kind     text        NOT NULL,
  actor_issuer   text        NOT NULL,
  actor_subject  text        NOT NULL,
  command_type   text        NOT NULL,
  command_offset bigint      NOT NULL,
  partition      integer     NOT NULL,
  status         text        NOT NULL,
  code           text        NOT NULL,
  message        text        NOT NULL,
  violations     jsonb       NOT NULL,
  dry_run        boolean     NOT NULL,
  stream_version bigint      NOT NULL,
  quota_id       text,
  quota_version  bigint,
  event_ids      jsonb       NOT NULL,
  result         text,
  decided_at     timestamptz NOT NULL,
  PRIMARY KEY (command_id, stream, actor_kind, actor_issuer, actor_subject)
);
